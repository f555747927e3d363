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
            (date '2026-03-01', 'hubspot', 'upsert_contact', 990, 10),
            (date '2026-03-02', 'hubspot', 'upsert_contact', 0, 10),
            (date '2026-01-01', 'meta', 'send_event', 0, 10),
            (date '2026-03-02', 'meta', 'send_event', 0, 0)
        ) as t (enqueued_on, destination, action, delivered, dead);
    create table marts.rpt_identity_quality as
        select * from (values
            (date '2025-10-01', 1000, 1000, 1000),
            (date '2026-01-01', 100, 20, 0),
            (date '2026-02-01', 100, 30, 1)
        ) as t (month_start, records, duplicates, unmerges);
    create table marts.rpt_score_drift as
        select * from (values
            ('v1', date '2026-02-01', 0.5), ('v1', date '2026-03-01', 0.1),
            ('v2', date '2026-03-01', 9.0)
        ) as t (version, period_start, psi);
    create table marts.rpt_score_versions as
        select * from (values ('v1', 'live'), ('v2', 'shadow')) as t (version, status);
    create table marts.rpt_mql_conversion as
        select * from (values (date '2026-02-01', 40, 4)) as t (month_start, mqls, sqls);
    create table marts.rpt_meeting_no_shows as
        select * from (values (date '2026-02-01', 0, 0)) as t (month_start, attended, no_shows);
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
        ("delivery_success", "meta send_event"): (None, None),
        ("duplicate_rate", ""): (25.0, True),
        ("merge_correction_rate", ""): (2.0, False),
        ("score_drift", "v1"): (0.1, True),
        ("mql_to_sql", ""): (10.0, False),
        ("no_show_rate", ""): (None, None),
    } == found


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
    changed = settings.model_copy(update={"objectives": {"mql_to_sql": 10.0}})
    assert (10.0, True) == (
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
    assert "MISSED" in by_name["mql_to_sql"]
    assert "at least 15" in by_name["mql_to_sql"]
    assert "met" in by_name["duplicate_rate"]
    assert "no data" in by_name["no_show_rate"]
