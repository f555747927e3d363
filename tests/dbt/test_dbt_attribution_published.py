"""The models give the published numbers of real data sets; none of these is part of the project."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from dbt_attribution import Attribution, Row, published
from dbt_builders import RawEvent, standard
from dbt_warehouse import Warehouse

ATTRIBUTION = ("+fct_attribution", "+int_path_summaries")
TO_THE_MILLIONTH = {"rel": 0, "abs": 1e-6}


def table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [
            {(name or "").lower(): value for name, value in row.items()}
            for row in csv.DictReader(file, delimiter=delimiter)
        ]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ChannelAttribution: paths with how often each converted and how often it did not.


@pytest.fixture(scope="module")
def ten_thousand_paths(warehouse: Warehouse) -> Iterator[Attribution]:
    """Each path walked by as many people as took it, a minute a touch."""
    folder = published("channelattribution")
    models = Attribution(warehouse)
    touches, conversions = [], []
    for number, row in enumerate(table(folder / "Data.csv", ";")):
        won, lost = int(row["total_conversions"]), int(row["total_null"])
        channels = row["path"].split(" > ")
        for walker in range(won + lost):
            person = f"{number}-{walker}"
            touches += [(f"{person}-{n}", person, name, n) for n, name in enumerate(channels)]
            if walker < won:
                conversions.append((person, len(channels), number))
    models.put(
        "intermediate.int_touchpoints",
        "select touch_id, person_id, channel, null::varchar as source, null::varchar as medium,"
        " null::varchar as campaign, null::varchar as campaign_id,"
        " timestamptz '2026-01-01' + to_minutes(place) as occurred_at",
        pa.Table.from_arrays(
            [pa.array(column) for column in zip(*touches, strict=True)],
            ["touch_id", "person_id", "channel", "place"],
        ),
    )
    models.put(
        "intermediate.int_attributed_conversions",
        "select person_id as conversion_id, 'new_customer' as conversion_type, person_id,"
        " 'EUR' as currency, 0::decimal(18, 2) as value, null::timestamptz as lead_created_at,"
        " null::timestamptz as opportunity_created_at, path,"
        " timestamptz '2026-01-01' + to_minutes(length) as converted_at",
        pa.Table.from_arrays(
            [pa.array(column) for column in zip(*conversions, strict=True)],
            ["person_id", "length", "path"],
        ),
    )
    models.build(
        without=("intermediate.int_touchpoints", "intermediate.int_attributed_conversions")
    )
    yield models
    models.close()


def test_heuristics_equal_channel_attribution(ten_thousand_paths: Attribution) -> None:
    """First, last and linear touch: conversions and value of all 12 channels to 1e-6."""
    folder = published("channelattribution")
    worth = {
        number: float(row["total_conversion_value"]) / int(row["total_conversions"])
        for number, row in enumerate(table(folder / "Data.csv", ";"))
        if int(row["total_conversions"])
    }
    credited = ten_thousand_paths.rows(
        "select model, channel, path, sum(credit) as credit"
        " from marts.fct_attribution"
        " inner join intermediate.int_attributed_conversions using (conversion_id)"
        " where model in ('first', 'last', 'linear') group by all order by all"
    )
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for row in credited:
        sums = found[row["channel"]][row["model"]]
        sums[0] += float(row["credit"])
        sums[1] += float(row["credit"]) * worth[row["path"]]
    references = table(folder / "reference_heuristics_ChannelAttribution_2.2.5.csv")
    assert 12 == len(references) == len(found)
    for reference in references:
        for model in ("first", "last", "linear"):
            expected = [
                float(reference[f"{model}_touch_{column}"]) for column in ("conversions", "value")
            ]
            sums = found[reference["channel_name"]].get(model, [0.0, 0.0])
            assert expected == pytest.approx(sums, **TO_THE_MILLIONTH)


def test_markov_equals_the_exact_solution(ten_thousand_paths: Attribution) -> None:
    """Removal effects of order 1 with null paths: all 12 channels to 1e-6 conversions."""
    folder = published("channelattribution")
    references = table(folder / "reference_markov_order1_exact_by_linear_solve.csv")
    expected = {row[""]: float(row["ca matrix"]) for row in references}
    found = {
        row["channel"]: row["conversions"]
        for row in ten_thousand_paths.rows("from marts.fct_removal_effects")
    }
    assert expected == pytest.approx(found, **TO_THE_MILLIONTH)


def test_transitions_equal_the_published_matrix(ten_thousand_paths: Attribution) -> None:
    """The chance of every step between two different states, as the reference has it."""
    path = published("channelattribution") / "reference_transition_matrix_order1.csv"
    expected = {
        (row["channel_from"], row["channel_to"]): float(row["transition_probability"])
        for row in table(path)
    }
    steps = ten_thousand_paths.rows(
        "from intermediate.int_channel_transitions where from_state <> to_state"
    )
    left: Counter[str] = Counter()
    for step in steps:
        left[step["from_state"]] += step["transitions"]
    found = {
        (step["from_state"], step["to_state"]): step["transitions"] / left[step["from_state"]]
        for step in steps
    }
    assert expected == pytest.approx(found, **TO_THE_MILLIONTH)


# Fractribution: 98 web events, from the raw log through every model.

CHANNELS = {
    "Direct": "Direct",
    "Organic Search": "Organic_Search",
    "Paid Search": "Paid_Search_Other",
    "Organic Video": "Video",
    "Referral": "Referral",
    "Affiliates": "Unmatched_Channel",  # has no name of its own there
}


def fractribution(name: str) -> list[dict[str, str]]:
    folder = published("snowplow_fractribution")
    return table(folder / f"snowplow_fractribution_{name}.csv")


def web_events() -> Iterator[RawEvent]:
    """Page views as visits; what has a total is an order too."""
    for number, row in enumerate(fractribution("events")):
        person, when = f"f{row['domain_userid']}", moment(row["derived_tstamp"])
        if row["event_name"] == "page_view":
            yield standard(
                f"{person}-{number}",
                "page_view",
                when,
                anonymous_id=person,
                utm_source=row["mkt_source"],
                utm_medium=row["mkt_medium"],
                utm_campaign=row["mkt_campaign"],
            )
        if row["tr_total"]:
            yield won(person, person, when, row["tr_total"])


def won(opportunity: str, person: str, when: datetime, amount: str) -> RawEvent:
    return standard(
        f"won-{opportunity}",
        "opportunity_changed",
        when,
        anonymous_id=person,
        opportunity_id=opportunity,
        stage="won",
        amount=amount,
        currency="USD",
    )


@pytest.fixture(scope="module")
def orders(warehouse: Warehouse) -> dict[str, list[Row]]:
    warehouse.build(list(web_events()), select=ATTRIBUTION)
    return {
        name: warehouse.query(sql)
        for name, sql in {
            "attribution": "from marts.fct_attribution",
            "conversions": "from marts.fct_conversions",
            "touches": "from intermediate.int_touchpoints",
            "summaries": "from intermediate.int_path_summaries where model = 'shapley'",
            "journeys": "from intermediate.int_channel_journeys where model = 'shapley'",
        }.items()
    }


def renamed(path: str) -> str:
    return " > ".join(CHANNELS[channel] for channel in path.split(" > "))


@pytest.mark.parametrize(("model", "reference"), [("shapley", "shapley"), ("last", "last_touch")])
def test_channels_get_what_fractribution_gives(
    orders: dict[str, list[Row]], model: str, reference: str
) -> None:
    """Conversions and revenue of every channel, by Shapley and by last touch."""
    found = {channel: [0.0, 0.0] for channel in CHANNELS.values()}
    for row in orders["attribution"]:
        if row["model"] == model:
            sums = found[CHANNELS[row["channel"]]]
            sums[0] += float(row["credit"])
            sums[1] += float(row["value"])
    expected = {
        row["channel"]: (float(row["conversions"]), float(row["revenue"]))
        for row in fractribution("channel_attribution_expected")
        if row["attribution_type"] == reference
    }
    assert {name: sums[0] for name, sums in expected.items()} == pytest.approx(
        {name: sums[0] for name, sums in found.items()}, abs=1e-9
    )
    # Revenue is in cents here.
    assert {name: sums[1] for name, sums in expected.items()} == pytest.approx(
        {name: sums[1] for name, sums in found.items()}, abs=0.005
    )


def test_conversions_are_those_of_fractribution(orders: dict[str, list[Row]]) -> None:
    """Who converted, when and for how much."""
    expected = {
        (row["customer_id"], moment(row["conversion_tstamp"]), Decimal(row["revenue"]))
        for row in fractribution("conversions_by_customer_id_expected")
    }
    assert expected == {
        (row["opportunity_id"].removeprefix("standard:"), row["converted_at"], row["value"])
        for row in orders["conversions"]
    }


def test_sessions_are_those_of_fractribution(orders: dict[str, list[Row]]) -> None:
    """How many touches each channel, campaign, source and medium has."""
    expected = Counter(
        {
            (row["channel"], row["campaign"], row["source"].lower(), row["medium"]): int(
                row["number_of_sessions"]
            )
            for row in fractribution("channel_counts_expected")
        }
    )
    assert expected == Counter(
        (CHANNELS[row["channel"]], row["campaign"], row["source"], row["medium"])
        for row in orders["touches"]
    )


def test_paths_are_those_of_fractribution(orders: dict[str, list[Row]]) -> None:
    """How often each path converted and did not."""
    expected = {
        row["transformed_path"]: (int(row["conversions"]), int(row["non_conversions"]))
        for row in fractribution("path_summary_expected")
    }
    assert expected == {
        renamed(row["path"]): (row["conversions"], row["journeys"] - row["conversions"])
        for row in orders["summaries"]
    }


def test_each_customers_path_is_that_of_fractribution(orders: dict[str, list[Row]]) -> None:
    """The path of every conversion, and as many null paths of each kind."""
    expected = {
        row["customer_id"]: row["transformed_path"]
        for row in fractribution("paths_to_conversion_expected")
    }
    assert expected == {
        row["path_id"].removeprefix("conversion:standard:"): renamed(row["path"])
        for row in orders["journeys"]
        if row["is_conversion"]
    }
    lost = Counter(
        row["transformed_path"] for row in fractribution("paths_to_non_conversion_expected")
    )
    assert lost == Counter(
        renamed(row["path"]) for row in orders["journeys"] if not row["is_conversion"]
    )


# Cookie events: a month of ads shown to 7,896 people, from the raw log through every model.

MEDIA = {
    "Online Display": ("display-network", "display"),
    "Online Video": ("youtube", "cpv"),
    "Facebook": ("facebook", "cpc"),
    "Instagram": ("instagram", "cpc"),
    "Paid Search": ("google", "cpc"),
}


def cookie_events() -> Iterator[RawEvent]:
    path = published("attribution_cookie_events") / "attribution_data.csv"
    for number, row in enumerate(table(path)):
        source, medium = MEDIA[row["channel"]]
        person, when = row["customer_id"], datetime.fromisoformat(row["time"])
        yield standard(
            f"{person}-{number}",
            "page_view",
            when,
            anonymous_id=person,
            utm_source=source,
            utm_medium=medium,
            utm_campaign=row["channel"],
        )
        if row["conversion"] == "1":
            yield won(f"{person}-{number}", person, when, row["conversion_value"])


@pytest.mark.slow
def test_totals_of_a_month_of_cookies(warehouse: Warehouse) -> None:
    """62,483 touches of 7,896 people and 1,838 conversions worth 11,423.5, whatever the model."""
    warehouse.build(
        list(cookie_events()), select=ATTRIBUTION, variables="{attribution_session_minutes: 0}"
    )
    touches = warehouse.query(
        "select count(*) as touches, count(distinct person_id) as people"
        " from intermediate.int_touchpoints"
    )
    assert [{"touches": 62_483, "people": 7_896}] == touches
    by_model = warehouse.query(
        "select model, count(distinct conversion_id) as conversions, sum(credit) as credit,"
        " sum(value) as value from marts.fct_attribution group by model"
    )
    models = {row["model"] for row in warehouse.rows("seeds.attribution_models")}
    assert models == {row["model"] for row in by_model}
    assert {(1_838, Decimal(1_838), Decimal("11423.5"))} == {
        (row["conversions"], row["credit"], row["value"]) for row in by_model
    }
    assert (
        0
        == warehouse.query(
            "select count(*) as n from marts.fct_attribution where channel = '(none)'"
        )[0]["n"]
    )
