"""Objectives of an installation: met, missed, or nobody knows."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from orchestration import objectives
from orchestration.commands.status import tell_objectives
from orchestration.errors import SettingError
from orchestration.objectives import OBJECTIVES, Held, judge, measure
from orchestration.settings import OBJECTIVE_NAMES, Settings, load_settings
from orchestration.status import take_status
from orchestration.velocity import LeadVelocity, Speed

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
NOTHING = LeadVelocity(60, 3600, partial=False)
TABLES = """
    create schema marts;
    create table marts.rpt_delivery_success as
        select * from (values
            (date '2026-03-01', 'hubspot', 'upsert_contact', 990, 10, 0),
            (date '2026-03-02', 'hubspot', 'upsert_contact', 0, 10, 0),
            (date '2026-03-02', 'hubspot', 'create_task', 3, 5, 5),
            (date '2026-01-01', 'meta', 'send_event', 0, 10, 0),
            (date '2026-03-02', 'meta', 'send_event', 0, 2, 2)
        ) as t (enqueued_on, destination, action, delivered, dead, dead_too_late);
    create table marts.rpt_identity_quality as
        select * from (values
            (date '2025-10-01', 1000, 1000), (date '2026-01-01', 20, 0), (date '2026-02-01', 30, 1)
        ) as t (month_start, duplicates, unmerges);
    create table marts.entity_map as
        select * from (values
            ('p_1', 'hubspot', 'contact', '1', true),
            ('p_2', 'hubspot', 'contact', '2', true), ('p_2', 'hubspot', 'contact', '3', true),
            ('p_3', 'hubspot', 'contact', '4', true), ('p_3', 'hubspot', 'contact', '5', false),
            ('p_4', 'hubspot', 'contact', '6', true), ('p_4', 'website', 'visitor', 'x', true),
            ('p_4', 'stripe', 'customer', 'y', true), ('p_4', 'stripe', 'customer', 'z', true)
        ) as t (person_id, system, object_type, external_id, is_current);
    create table marts.rpt_score_drift as
        select * from (values
            ('v1', date '2026-02-01', 0.5), ('v1', date '2026-03-01', 0.1),
            ('v2', date '2026-03-01', 9.0)
        ) as t (version, period_start, psi);
    create table marts.rpt_score_versions as
        select * from (values ('v1', 'live'), ('v2', 'shadow')) as t (version, status);
    create table marts.fct_lead_milestones (mql_at timestamptz, sql_at timestamptz);
    insert into marts.fct_lead_milestones values
        ('2025-10-01 12:00:00+00', '2025-10-02 12:00:00+00'),
        ('2026-02-01 12:00:00+00', '2026-03-14 12:00:00+00'),
        ('2026-02-02 12:00:00+00', null), ('2026-03-01 11:59:59+00', null),
        ('2026-02-01 11:00:00+00', null), (null, null),
        ('2026-03-01 12:00:00+00', null), ('2026-03-15 11:00:00+00', '2026-03-15 11:30:00+00');
    create table marts.fct_activities (
        record_id text, activity_type text, outcome text, occurred_at timestamptz
    );
    insert into marts.fct_activities values
        ('calendly:email:a@x.io', 'meeting_booked', null, '2026-03-01 12:00:00+00'),
        ('calendly:email:a@x.io', 'meeting_outcome', 'no_show', '2026-03-02 12:00:00+00');
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an installation whose copy has these reports."""
    made = Settings(home=tmp_path)
    made.published.parent.mkdir(parents=True)
    with duckdb.connect(str(made.published)) as connection:
        connection.execute(TABLES)
    return made


def held(settings: Settings, velocity: LeadVelocity = NOTHING) -> dict[tuple[str, str], Held]:
    return {(each.name, each.about): each for each in measure(settings, velocity, now=NOW)}


def test_reports_are_held_against_their_targets(settings: Settings) -> None:
    """Of the window alone, the live version alone; nothing to divide by is no verdict."""
    found = {key: (each.value, each.ok) for key, each in held(settings).items()}
    assert {
        ("ingestion_latency", ""): (None, None),
        ("lead_velocity", ""): (None, None),
        ("delivery_success", "hubspot upsert_contact"): (98.02, False),
        ("delivery_success", "hubspot create_task"): (100.0, True),
        ("delivery_success", "meta send_event"): (None, None),
        ("duplicate_rate", ""): (20.0, False),
        ("merge_correction_rate", ""): (2.0, False),
        ("score_drift", "v1"): (0.1, True),
        ("mql_to_sql", ""): (25.0, True),
        ("no_show_rate", ""): (None, None),
    } == found


def test_young_mqls_are_not_judged(settings: Settings) -> None:
    """Right after the first MQL there is no verdict; who takes longer to sell says so."""
    patient = settings.model_copy(update={"mql_to_sql_days": 60})
    assert (None, None) == value_and_verdict(patient, "mql_to_sql")
    hasty = settings.model_copy(update={"mql_to_sql_days": 0})
    assert (33.333, True) == value_and_verdict(hasty, "mql_to_sql")


def test_no_shows_are_judged_where_meetings_held_are_told_of(settings: Settings) -> None:
    """A calendar that tells of no-shows alone has no rate; another's counts, in the window."""
    assert (None, None) == value_and_verdict(settings, "no_show_rate")
    outcomes = {"2025-10-01": "attended", "2026-03-01": "no_show", "2026-03-02": "canceled"}
    tell_outcomes(settings, outcomes)
    assert (100.0, False) == value_and_verdict(settings, "no_show_rate")
    held_since = {f"2026-03-{day:02}": "attended" for day in range(1, 5)}
    tell_outcomes(settings, held_since)
    assert (20.0, True) == value_and_verdict(settings, "no_show_rate")


def value_and_verdict(settings: Settings, name: str) -> tuple[float | None, bool | None]:
    found = held(settings)[name, ""]
    return found.value, found.ok


def tell_outcomes(settings: Settings, outcomes: dict[str, str]) -> None:
    """Meetings of HubSpot's, by the day of their outcome."""
    rows = [["hubspot:1", "meeting_outcome", told, day] for day, told in outcomes.items()]
    with duckdb.connect(str(settings.published)) as connection:
        connection.executemany("insert into marts.fct_activities values (?, ?, ?, ?)", rows)


def test_the_speed_of_leads_is_that_of_the_slowest(settings: Settings) -> None:
    """A hot lead that waits counts as long as it has waited; a cold one is no hot lead."""

    def speed(*, hot: bool, p95: float, recorded: float, waits: float = 0.0) -> Speed:
        steps = {"received_to_recorded": recorded}
        waiting = {"waiting": 1, "longest_wait_seconds": waits} if hot else {}
        return Speed("s", "hubspot", "a", hot, 1, p95, p95, p95, steps, **waiting)  # type: ignore[arg-type]

    tracks = (
        speed(hot=True, p95=1.0, recorded=0.2, waits=70.0),
        speed(hot=False, p95=500.0, recorded=0.4),
    )
    found = held(settings, LeadVelocity(60, 3600, partial=False, tracks=tracks))
    assert (0.4, True) == (
        found["ingestion_latency", ""].value,
        found["ingestion_latency", ""].ok,
    )
    assert (70.0, False) == (found["lead_velocity", ""].value, found["lead_velocity", ""].ok)


def test_a_target_is_a_setting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not exist is refused by its name."""
    changed = settings.model_copy(update={"objectives": {"mql_to_sql": 26.0}})
    assert (26.0, False) == (
        held(changed)["mql_to_sql", ""].objective,
        held(changed)["mql_to_sql", ""].ok,
    )
    monkeypatch.setenv("MILLRACE_OBJECTIVES", '{"mql_to_sqls": 10}')
    with pytest.raises(SettingError, match="MILLRACE_OBJECTIVES"):
        load_settings()
    assert set(OBJECTIVE_NAMES) | {"lead_velocity"} == set(OBJECTIVES)


def test_nothing_is_good_before_the_first_batch(tmp_path: Path) -> None:
    """Each objective is told, and none has a verdict."""
    told = take_status(Settings(home=tmp_path), now=NOW)["objectives"]
    assert list(OBJECTIVES) == [each["name"] for each in told]
    assert {None} == {each["ok"] for each in told}
    assert {"name", "value", "unit", "objective", "direction", "ok", "window", "source"} <= set(
        told[0]
    )


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("no_show_rate", 20.0, True),
        ("no_show_rate", 20.1, False),
        ("mql_to_sql", 15.0, True),
        ("mql_to_sql", 14.9, False),
        ("mql_to_sql", 0.0, False),
        ("no_show_rate", 0.0, True),
        ("no_show_rate", None, None),
    ],
)
def test_a_target_itself_is_good_enough(
    name: str, value: float | None, verdict: bool | None
) -> None:
    """Some are to be at most, some at least; zero is a value."""
    targets = {key: each.target for key, each in OBJECTIVES.items()}
    assert verdict is judge(name, "", value, targets=targets, now=NOW).ok


def test_verdicts_are_words_too(settings: Settings) -> None:
    """Who sees no colours reads the same."""
    told: list[dict[str, Any]] = [
        {"ok": each.ok, "name": each.name, "about": each.about, "value": each.value,
         "direction": each.direction, "objective": each.objective, "unit": each.unit,
         "window": each.window}
        for each in objectives.measure(settings, NOTHING, now=NOW)
    ]  # fmt: skip
    out = Console(file=io.StringIO(), width=140, no_color=True)
    tell_objectives(told, out)
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    by_name = {name: line for line in lines for name in OBJECTIVES if f" {name} " in line}
    assert "MISSED" in by_name["duplicate_rate"]
    assert "at least 15" in by_name["mql_to_sql"]
    assert "met" in by_name["mql_to_sql"]
    assert "no data" in by_name["no_show_rate"]
