"""Channels, sessions and credits, from activities to campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from dbt_attribution import Attribution, Row
from dbt_warehouse import Warehouse

START = datetime(2026, 3, 1, tzinfo=UTC)

CASES: list[tuple[dict[str, str], str | None]] = [
    ({"utm_source": "Google", "utm_medium": "CPC", "referrer": "https://t.co/x"}, "Paid Search"),
    ({"gclid": "abc", "referrer": "https://www.google.com/"}, "Paid Search"),
    ({"page_url": "https://www.own.example/?a=1&msclkid=Xy"}, "Paid Search"),
    ({"page_url": "https://www.own.example/?utm_id=1&li_fat_id=Xy"}, "Paid Social"),
    ({"page_url": "https://www.own.example/?sid=1"}, "Direct"),
    ({"fbclid": "abc"}, "Organic Social"),
    ({"utm_source": "june", "utm_medium": "e-mail", "gclid": "stale"}, "Email"),
    ({"utm_source": "facebook", "utm_medium": "paid-social"}, "Paid Social"),
    ({"utm_source": "x.com", "utm_medium": "cpm"}, "Paid Social"),
    ({"utm_source": "publisher", "utm_medium": "cpm"}, "Display"),
    ({"utm_source": "publisher", "utm_medium": "ppc"}, "Paid Other"),
    ({"utm_source": "youtube.com", "utm_medium": "referral"}, "Organic Video"),
    ({"utm_source": "partners", "utm_medium": "affiliate"}, "Affiliates"),
    ({"utm_source": "app", "utm_medium": "mobile_push"}, "Mobile Push"),
    ({"utm_source": "flyer", "utm_medium": "paper"}, "Unassigned"),
    ({"utm_source": "google"}, "Organic Search"),
    ({"referrer": "https://WWW.Google.co.uk/url?q=1"}, "Organic Search"),
    ({"referrer": "https://support.google.com/forum"}, "Referral"),
    ({"referrer": "https://google.evil.example.com/"}, "Referral"),
    ({"referrer": "https://mail.google.com/"}, "Email"),
    ({"referrer": "android-app://com.google.android.gm/"}, "Email"),
    ({"referrer": "https://t.co:443/abc"}, "Organic Social"),
    ({"referrer": "https://blog.example.org/post"}, "Referral"),
    ({"referrer": "https://www.own.example/pricing"}, None),
    ({"referrer": "https://docs.owned.example/", "activity_type": "form_submit"}, None),
    ({"referrer": "https://notowned.example/"}, "Referral"),
    (
        {
            "utm_source": "partners",
            "utm_medium": "affiliate",
            "referrer": "https://www.own.example/",
        },
        "Affiliates",
    ),
    ({}, "Direct"),
    ({"utm_source": "(direct)", "utm_medium": "(none)"}, "Direct"),
    ({"activity_type": "email_click", "utm_source": "linkedin"}, "Email"),
    ({"activity_type": "webinar_attend"}, "Webinar"),
    ({"activity_type": "ad_lead"}, "Paid Social"),
    ({"activity_type": "ad_lead", "utm_source": "google"}, "Paid Search"),
    ({"activity_type": "email_open"}, None),
    ({"activity_type": "meeting_booked", "utm_source": "google", "utm_medium": "cpc"}, None),
]


@pytest.fixture(scope="module")
def attribution(warehouse: Warehouse) -> Iterator[Attribution]:
    models = Attribution(warehouse, variables="{own_domains: [Owned.example]}")
    yield models
    models.close()


def activity(number: int, person: str, when: datetime, **more: str) -> Row:
    """A page view of an own page, unless said otherwise."""
    return {
        "activity_id": f"a{number:04d}",
        "person_id": person,
        "activity_type": "page_view",
        "page_url": "https://www.own.example/",
        "occurred_at": when,
    } | more


def conversion(name: str, person: str, when: datetime, value: str = "0", **more: Any) -> Row:
    return {
        "conversion_id": name,
        "person_id": person,
        "opportunity_id": f"o-{name}",
        "currency": "EUR",
        "value": Decimal(value),
        "converted_at": when,
    } | more


def test_each_touch_is_in_the_channel_it_came_by(attribution: Attribution) -> None:
    """UTM fields win over click ids, these over the referrer; own pages and mere opens are none."""
    rows = [activity(n, f"p{n}", START, **more) for n, (more, _) in enumerate(CASES)]
    attribution.fill("marts.fct_activities", rows)
    attribution.build()
    found = {
        row["touch_id"]: row["channel"]
        for row in attribution.rows("from intermediate.int_touchpoints")
    }
    expected = [(more, channel) for more, channel in CASES]
    assert expected == [
        (more, found.get(f"a{number:04d}")) for number, (more, _) in enumerate(CASES)
    ]


def test_nothing_told_is_nothing_attributed(attribution: Attribution) -> None:
    """Without any event every attribution table is there and empty."""
    for relation in ("marts.fct_activities", "marts.fct_conversions", "intermediate.int_spend"):
        attribution.fill(relation, [])
    attribution.build()
    for mart in ("fct_attribution", "fct_removal_effects", "fct_campaign_performance"):
        assert [] == attribution.rows(f"from marts.{mart}")


def test_a_w_shape_looks_at_lead_and_opportunity(attribution: Attribution) -> None:
    """First touch, lead and opportunity get 30 % each, the others share the rest, by model."""
    days = [0, 3, 5, 8, 9]
    attribution.fill(
        "marts.fct_activities",
        [
            activity(n, "p", START + timedelta(days=day), utm_source=f"s{n}", utm_medium="cpc")
            for n, day in enumerate(days)
        ],
    )
    attribution.fill(
        "marts.fct_conversions", [conversion("c", "p", START + timedelta(days=10), "99.99")]
    )
    attribution.fill(
        "marts.fct_mqls", [{"person_id": "p", "reached_at": START + timedelta(days=4)}]
    )
    attribution.fill(
        "marts.fct_opportunities",
        [{"opportunity_id": "o-c", "created_at": START + timedelta(days=8)}],
    )
    attribution.build()
    found = attribution.rows(
        "select touch_id, credit from marts.fct_attribution where model = 'w_shaped'"
        " order by touch_id"
    )
    # The touches of one channel and no campaign stay apart: days lie between them.
    assert [
        ("a0000", Decimal("0.3")),
        ("a0001", Decimal("0.3")),
        ("a0002", Decimal("0.05")),
        ("a0003", Decimal("0.3")),
        ("a0004", Decimal("0.05")),
    ] == [(row["touch_id"], row["credit"]) for row in found]


def test_spend_meets_its_conversions(attribution: Attribution) -> None:
    """A campaign told by its id finds its spend; the numbers of a month give CAC and ROAS."""
    attribution.fill(
        "marts.fct_activities",
        [
            activity(1, "p", START, gclid="g", campaign_id="77", utm_campaign="{campaign}"),
            activity(2, "q", START, utm_source="google", utm_medium="cpc", utm_campaign="Spring"),
        ],
    )
    attribution.fill(
        "marts.fct_conversions",
        [
            conversion("c1", "p", START + timedelta(days=1), "300"),
            conversion("c2", "q", START + timedelta(days=2), "200"),
            conversion("c3", "q", START + timedelta(days=9), "100"),
        ],
    )
    attribution.fill(
        "intermediate.int_spend",
        [
            spend(1, date(2026, 2, 20), "google_ads", "77", "Winter", "1.00"),
            spend(2, date(2026, 3, 5), "google_ads", "77", "Spring", "250.00"),
        ],
    )
    attribution.build()
    found = attribution.rows(
        "select channel, campaign, spend, value, new_customers, cac, roas"
        " from marts.fct_campaign_performance"
        " where model = 'last' and period = 'month' and period_start = date '2026-03-01'"
    )
    assert [
        {
            "channel": "Paid Search",
            "campaign": "spring",
            "spend": Decimal("250.00"),
            "value": Decimal("600.00"),
            "new_customers": Decimal(2),
            "cac": Decimal(125),
            "roas": Decimal("2.4"),
        }
    ] == found


def spend(number: int, day: date, platform: str, campaign: str, name: str, amount: str) -> Row:
    return {
        "spend_id": f"s{number}",
        "spend_day": day,
        "platform": platform,
        "campaign_id": campaign,
        "campaign_name": name,
        "amount": Decimal(amount),
        "currency": "EUR",
        "impressions": 10,
        "clicks": 1,
    }
