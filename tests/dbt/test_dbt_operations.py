"""The KPIs, from events and deliveries to the marts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from dbt_builders import at, standard, typeform
from dbt_warehouse import Row, Warehouse

from reverse_etl.ledger import DeliveryFact

ADA = "ada@kpi.example"
HOT = typeform(
    "kpi-hot", at(1), email=ADA, phone="+1 650 555 1212", first_name="Ada", last_name="Lovelace",
    job_title="VP Engineering", employees=250, interest="demo",
    hidden={"utm_source": "webinar"},
)  # fmt: skip
STORY = [
    HOT,
    standard("kpi-cold", "page_view", at(24 * 30), email="cold@kpi.example"),
    standard("kpi-meet", "meeting_booked", at(3), email=ADA),
    standard("kpi-open", "opportunity_changed", at(4), email=ADA, opportunity_id="k1",
             stage="open"),
    standard("kpi-past", "opportunity_changed", at(10), email=ADA, opportunity_id="k1",
             stage="proposal"),
    standard("kpi-won", "opportunity_changed", at(34), email=ADA, opportunity_id="k1",
             stage="won", amount=100),
    typeform("kpi-old", at(-10), email="old@kpi.example", received_at=at(40)).backfilled(),
    typeform("kpi-older", at(-5), email=ADA, received_at=at(50)).backfilled(),
    standard("kpi-earlier", "page_view", at(-6), email=ADA, user_id="u-ada"),
]  # fmt: skip
HOURS = 3600.0
RECORDED = HOT.received_at + timedelta(seconds=1)


def micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def delivery(
    number: int,
    person_id: str,
    action: str,
    state: str,
    delivered_at: float | None,
    deadline: datetime | None = None,
) -> DeliveryFact:
    return DeliveryFact(
        delivery_id=number, destination="hubspot", action=action, mode="event",
        entity_key=f"e{number}", person_id=person_id, correlation_id=HOT.correlation_id,
        state=state, code=None, priority=0, attempts=1, possible_repeats=0,
        event_time=micros(at(1)), deadline_at=None if deadline is None else micros(deadline),
        created_at=micros(RECORDED), requested_at=micros(RECORDED), last_attempt_at=None,
        delivered_at=None if delivered_at is None else micros(at(delivered_at)),
        updated_at=micros(at(2)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Iterator[dict[str, list[Row]]]:
    """The marts; deliveries bear an id that Ada had before an older record was found."""
    warehouse.build(STORY)
    (ada,) = (row for row in warehouse.rows("marts.dim_people") if row["email"] == ADA)
    aliases = warehouse.rows("marts.person_aliases")
    alias = next(row["alias_id"] for row in aliases if row["person_id"] == ada["person_id"])
    warehouse.load_deliveries(
        [
            delivery(1, alias, "create_task", "delivered", 1.001),
            delivery(2, alias, "create_task", "dead", None, deadline=RECORDED),
            delivery(4, alias, "create_task", "dead", None, deadline=HOT.received_at),
            delivery(3, "p_unknown", "upsert_contact", "pending", None),
        ]
    )
    warehouse.build(STORY, select=["stg_ledger__deliveries+"])
    marts = ("fct_deliveries", "fct_lead_milestones", "rpt_lead_funnel", "rpt_delivery_success",
             "rpt_delivery_velocity")  # fmt: skip
    yield {name: warehouse.rows(f"marts.{name}") for name in marts} | {"ada": [ada]}
    warehouse.load_deliveries([])


def test_a_delivery_belongs_to_the_person_of_today(built: dict[str, list[Row]]) -> None:
    """An id that was merged into another leads to the other one."""
    (ada,) = built["ada"]
    told = {row["delivery_id"]: row["person_id"] for row in built["fct_deliveries"]}
    assert {1: ada["person_id"], 2: ada["person_id"], 3: "p_unknown", 4: ada["person_id"]} == told


def test_milestones_tell_the_way_of_a_lead(built: dict[str, list[Row]]) -> None:
    """Steps are dated by the events that took them, and measured where both were taken in order."""
    by_source = {row["original_source"]: row for row in built["fct_lead_milestones"]}
    ada = by_source["webinar"]
    assert (at(1), at(1.001), at(3), at(10), at(34)) == (
        ada["mql_at"], ada["task_delivered_at"], ada["first_touch_at"], ada["sql_at"],
        ada["customer_at"],
    )  # fmt: skip
    assert (3.6, 2 * HOURS, 9 * HOURS, 24 * HOURS) == (
        round(ada["mql_to_task_seconds"], 3), ada["mql_to_first_touch_seconds"],
        ada["mql_to_sql_seconds"], ada["sql_to_customer_seconds"],
    )  # fmt: skip


def test_a_backfilled_form_has_no_time_of_arrival(built: dict[str, list[Row]]) -> None:
    """When history was loaded says nothing about how fast leads come in."""
    ada = next(row for row in built["fct_lead_milestones"] if row["original_source"] == "webinar")
    assert (at(-5), None, None) == (
        ada["submitted_at"], ada["received_at"], ada["submit_to_received_seconds"],
    )  # fmt: skip


def test_the_funnel_counts_people_by_month_and_source(built: dict[str, list[Row]]) -> None:
    """A month or source without MQLs has no MQL→SQL rate, not a division by zero."""
    told = {
        (row["month_start"].month, row["original_source"]): (
            row["leads"], row["mqls"], row["sqls"], row["customers"], row["mql_to_sql_percent"],
        )
        for row in built["rpt_lead_funnel"]
    }  # fmt: skip
    assert {
        (10, "(none)"): (1, 0, 0, 0, None),
        (11, "webinar"): (1, 1, 1, 1, Decimal("100.00")),
        (12, "(none)"): (1, 0, 0, 0, None),
    } == told


def test_deliveries_settle_into_a_rate(built: dict[str, list[Row]]) -> None:
    """One of two settled tasks was delivered: the third had to be sent before its event was here,
    which nobody could; one whose deadline passed here does count. What waits has no rate yet."""
    assert {4} == {row["delivery_id"] for row in built["fct_deliveries"] if row["was_too_late"]}
    told = {row["action"]: row["success_percent"] for row in built["rpt_delivery_success"]}
    assert {"create_task": Decimal("50.00"), "upsert_contact": None} == told


def test_the_speed_of_a_delivery_begins_at_the_gateway(built: dict[str, list[Row]]) -> None:
    """The event behind the correlation id tells source and receipt; what is not delivered yet has
    no speed."""
    assert {("typeform", HOT.received_at)} == {
        (row["source"], row["received_at"]) for row in built["fct_deliveries"]
    }
    told = {
        row["step"]: (row["action"], row["is_hot"], row["deliveries"], row["p95_seconds"])
        for row in built["rpt_delivery_velocity"]
        if row["source"] == "typeform"
    }
    assert {
        "submitted_to_received": ("create_task", True, 1, Decimal("2.000")),
        "received_to_recorded": ("create_task", True, 1, Decimal("1.000")),
        "recorded_to_requested": ("create_task", True, 1, Decimal("0.000")),
        "requested_to_answered": ("create_task", True, 1, Decimal("0.600")),
        "received_to_answered": ("create_task", True, 1, Decimal("1.600")),
        "submitted_to_answered": ("create_task", True, 1, Decimal("3.600")),
    } == told


def test_without_events_and_deliveries_the_reports_are_empty(warehouse: Warehouse) -> None:
    """Nothing fails on a warehouse that has just been made, and where no ledger was ever read dbt
    makes its table itself, with the columns that the loader would give it."""
    warehouse.query("drop table if exists raw.deliveries")
    warehouse.build([], command="build", select=["stg_ledger__deliveries"])
    warehouse.build([])
    names = ["lead_velocity", "delivery_velocity", "lead_funnel", "mql_conversion",
             "time_to_first_touch", "meeting_no_shows", "delivery_success",
             "identity_quality"]  # fmt: skip
    assert {name: [] for name in names} == {
        name: warehouse.rows(f"marts.rpt_{name}") for name in names
    }
    made = columns(warehouse)
    warehouse.load_deliveries([])
    assert columns(warehouse) == made


def columns(warehouse: Warehouse) -> list[tuple[str, str]]:
    told = warehouse.query("describe raw.deliveries")
    return [(row["column_name"], row["column_type"]) for row in told]
