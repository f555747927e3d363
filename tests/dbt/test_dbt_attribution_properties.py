"""Whatever happened, in whatever order it was told: credits are exact, and the same each time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from dbt_attribution import Attribution, Row
from dbt_warehouse import Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 3, 1, tzinfo=UTC)
SOURCES = [
    {"utm_source": "google", "utm_medium": "cpc"},
    {"referrer": "https://www.bing.com/"},
    {"utm_source": "june", "utm_medium": "email"},
    {"fbclid": "x"},
    {},
]
# Few people and minutes, so that touches, sessions and conversions meet and coincide.
PEOPLE = st.sampled_from(["p", "q", "r", "s"])
MOMENTS = st.one_of(st.integers(0, 90), st.integers(0, 200 * 1440)).map(
    lambda minutes: START + timedelta(minutes=minutes)
)
TOUCHES = st.lists(st.tuples(PEOPLE, MOMENTS, st.sampled_from(SOURCES)), max_size=25)
CONVERSIONS = st.lists(
    st.tuples(PEOPLE, MOMENTS, st.integers(-5, 10**9), st.none() | MOMENTS, MOMENTS), max_size=6
)
SHUFFLES = st.randoms(use_true_random=False)
MARTS = ("fct_attribution", "fct_removal_effects", "fct_campaign_performance")


@pytest.fixture(scope="module")
def attribution(warehouse: Warehouse) -> Iterator[Attribution]:
    models = Attribution(warehouse)
    yield models
    models.close()


def activities(touches: list[tuple[str, datetime, Row]]) -> list[Row]:
    return [
        {
            "activity_id": f"a{number}",
            "person_id": person,
            "activity_type": "page_view",
            "utm_campaign": "spring" if number % 3 else None,
            "occurred_at": when,
        }
        | source
        for number, (person, when, source) in enumerate(touches)
    ]


Wins = list[tuple[str, datetime, int, datetime | None, datetime]]


def tell(
    attribution: Attribution,
    touches: list[Row],
    wins: Wins,
    shuffle: random.Random | None = None,
) -> None:
    """Fill the inputs, in this or in a random order of arrival, and build."""
    rows: dict[str, list[Row]] = {
        "marts.fct_activities": touches,
        "marts.fct_conversions": [
            {
                "conversion_id": f"c{number}",
                "person_id": person,
                "opportunity_id": f"o{number}",
                "currency": "EUR" if number % 2 else "USD",
                "value": Decimal(cents) / 100,
                "converted_at": when,
            }
            for number, (person, when, cents, _, _) in enumerate(wins)
        ],
        "marts.fct_mqls": [
            {"person_id": person, "reached_at": reached}
            for person, _, _, reached, _ in wins
            if reached is not None
        ],
        "marts.fct_opportunities": [
            {"opportunity_id": f"o{number}", "created_at": created}
            for number, (_, _, _, _, created) in enumerate(wins)
        ],
    }
    for relation, content in rows.items():
        attribution.fill(relation, shuffle.sample(content, len(content)) if shuffle else content)
    attribution.build()


@settings(max_examples=12)
@given(touches=TOUCHES.map(activities), wins=CONVERSIONS, shuffle=SHUFFLES)
def test_credits_are_exact_and_do_not_depend_on_the_order_of_arrival(
    attribution: Attribution, touches: list[Row], wins: Wins, shuffle: random.Random
) -> None:
    """For every conversion and model credits sum to 1 and values to its value, to the last digit;
    the same events in another order give the same rows."""
    tell(attribution, touches, wins)
    first = {mart: attribution.rows(f"from marts.{mart} order by all") for mart in MARTS}
    models = [row["model"] for row in attribution.rows("from seeds.attribution_models")]
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(
        lambda: (Decimal(), Decimal())
    )
    for row in first["fct_attribution"]:
        assert row["credit"] >= 0
        credit, value = sums[row["conversion_id"], row["model"]]
        sums[row["conversion_id"], row["model"]] = credit + row["credit"], value + row["value"]
    assert {
        (f"c{number}", model): (Decimal(1), Decimal(cents) / 100)
        for number, (_, _, cents, _, _) in enumerate(wins)
        for model in models
    } == sums

    tell(attribution, touches, wins, shuffle)
    assert first == {mart: attribution.rows(f"from marts.{mart} order by all") for mart in MARTS}


@settings(max_examples=12)
@given(touches=TOUCHES.map(activities), wins=CONVERSIONS)
def test_rules_give_what_they_say(attribution: Attribution, touches: list[Row], wins: Wins) -> None:
    """First, last, linear and decay, worked out again from the touches in the window."""
    tell(attribution, touches, wins)
    told = attribution.rows("from intermediate.int_touchpoints order by occurred_at, touch_id")
    expected: dict[tuple[str, str, str], float] = {}
    for number, (person, when, *_) in enumerate(wins):
        path = [
            (row["touch_id"], (when - row["occurred_at"]).total_seconds() / 86_400)
            for row in told
            if row["person_id"] == person
            and timedelta(0) <= when - row["occurred_at"] <= timedelta(days=90)
        ] or [("(none)", 0.0)]
        decay = [0.5 ** ((days - path[-1][1]) / 7) for _, days in path]
        weights = {
            "first": [1.0] + [0.0] * (len(path) - 1),
            "last": [0.0] * (len(path) - 1) + [1.0],
            "linear": [1 / len(path)] * len(path),
            "time_decay": [weight / sum(decay) for weight in decay],
        }
        for model, shares in weights.items():
            for (touch, _), share in zip(path, shares, strict=True):
                if share:
                    expected[f"c{number}", model, touch] = share
    found = {
        (row["conversion_id"], row["model"], row["touch_id"]): float(row["credit"])
        for row in attribution.rows(
            "from marts.fct_attribution where model in ('first', 'last', 'linear', 'time_decay')"
        )
    }
    assert {key: share for key, share in expected.items() if share > 1e-9} == pytest.approx(
        {key: share for key, share in found.items() if share > 1e-9}, abs=1e-9
    )
