"""How fast leads go, and whether that is fast enough."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
from rich.console import Console

from ingestion.event_log import Arrival, EventLog, NewEvent
from orchestration import connections, lead_velocity
from orchestration.commands.status import tell_velocity
from orchestration.settings import Settings
from orchestration.status import take_status
from orchestration.velocity import Journey, Track, journey, judge, percentile, problems
from reverse_etl.ledger import Ledger, Settlement, Way
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, task

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
WAY = Way(
    "hubspot", "create_task", 0, "c", NOON - 2 * SECOND, NOON + SECOND,
    requested_at=NOON + 3 * SECOND, delivered_at=NOON + 7 * SECOND,
)  # fmt: skip
HOT = Track("typeform", "hubspot", "create_task", True)
COLD = HOT._replace(hot=False)


def gone(seconds: float, track: Track = HOT) -> Journey:
    """A way that took so long from receipt to answer."""
    return Journey(track, NOON, NOON, NOON, NOON, NOON + seconds * SECOND)


def waiting(track: Track = HOT) -> Journey:
    """A way that began at noon and has not ended."""
    return Journey(track, NOON, NOON, NOON)


def judged(*journeys: Journey, now: datetime = NOON, objective: float = 60) -> Any:
    return judge(journeys, objective=objective, window=HOUR, now=now)


def test_a_way_begins_with_the_newest_arrival_before_its_record() -> None:
    """A caller may give one correlation id to several events."""
    arrived = [Arrival(NOON + n * SECOND, f"s{n}") for n in (-9, 0, 2)]
    found = journey(WAY, arrived)
    assert found is not None
    assert (HOT._replace(source="s0"), 7.0) == (found.track, found.lasts(NOON))
    assert {
        "submitted_to_received": 2.0,
        "received_to_recorded": 1.0,
        "recorded_to_requested": 2.0,
        "requested_to_answered": 4.0,
    } == found.steps()


@pytest.mark.parametrize(
    ("arrived", "source"),
    [
        ([], "(unknown)"),
        ([Arrival(NOON - timedelta(days=2), "typeform")], "typeform"),
        ([Arrival(NOON + 2 * SECOND, "typeform")], "typeform"),
    ],
    ids=["unknown", "days ago", "after the record"],
)
def test_without_a_receipt_the_record_counts(arrived: list[Arrival], source: str) -> None:
    """What arrived days ago did not set the delivery off, and what came later neither."""
    found = journey(WAY, arrived)
    assert found is not None
    assert (source, None, 6.0) == (found.track.source, found.received_at, found.lasts(NOON))
    assert found.steps().keys() == {"recorded_to_requested", "requested_to_answered"}


def test_history_has_no_speed() -> None:
    """Nobody waits for what was loaded of the past."""
    assert journey(WAY, [Arrival(NOON, "hubspot", historical=True)]) is None


def test_what_a_destination_knows_is_no_lead() -> None:
    """Another row about an event that it was told of comes of changed rules; one about a later
    event under the same id does not."""
    arrived = [Arrival(NOON, "typeform")]
    assert journey(replace(WAY, told_at=NOON + SECOND / 2), arrived) is None
    assert journey(replace(WAY, told_at=NOON + SECOND / 2), []) is None
    assert journey(replace(WAY, told_at=NOON - SECOND), arrived) is not None


def test_a_senders_clock_that_is_ahead_tells_no_step() -> None:
    """A step is not negative."""
    found = journey(replace(WAY, event_time=NOON + HOUR), [Arrival(NOON, "typeform")])
    assert found is not None
    assert "submitted_to_received" not in found.steps()


@pytest.mark.parametrize("count", [2, 19, 100])
def test_percentiles_interpolate(count: int) -> None:
    """As the standard library's do between the smallest and the largest value."""
    values = [float(n * n) for n in range(count)]
    cuts = quantiles(values, n=100, method="inclusive")
    expected = [round(cuts[place - 1], 3) for place in (50, 95, 99)]
    assert expected == [percentile(values, fraction) for fraction in (0.5, 0.95, 0.99)]


def test_percentiles_of_few() -> None:
    """One value is all of them; of none there is none."""
    assert (3.0, None) == (percentile([3.0], 0.95), percentile([], 0.95))


def test_each_track_has_its_own_speed() -> None:
    """By source, destination and action; hot rows by themselves, and the objective is for them."""
    slack = Track("meta", "slack", "send_message", True)
    found = judged(gone(5, slack), gone(900, COLD), gone(1), gone(3), waiting(), now=NOON + SECOND)
    assert [slack, COLD, HOT] == [
        Track(each.source, each.destination, each.action, each.hot) for each in found.tracks
    ]
    assert [(1, 5.0, 0, True), (1, 900.0, None, None), (2, 2.9, 1, True)] == [
        (each.delivered, each.p95_seconds, each.waiting, each.met) for each in found.tracks
    ]
    assert found.met


def test_the_objective_is_met_up_to_its_last_moment() -> None:
    """By the p95 and by the longest wait: one of a hundred may be slow, none may wait."""
    fast = [gone(1)] * 99
    assert judged(*fast, gone(900)).met
    assert judged(gone(60), waiting(), now=NOON + 60 * SECOND).met
    assert not judged(gone(60.01)).met
    assert not judged(*fast, waiting(), now=NOON + 60.01 * SECOND).met
    assert judged().met


def test_an_alert_says_where_and_why() -> None:
    """One a destination, with the step that took longest and who waits; what is in time is not
    mentioned."""
    late = Journey(HOT, NOON, NOON, NOON + 70 * SECOND, NOON + 71 * SECOND, NOON + 72 * SECOND)
    meta = HOT._replace(source="meta")
    quick = HOT._replace(destination="slack")
    found = judged(late, waiting(meta), gone(1, quick), now=NOON + 90 * SECOND)
    [problem] = problems(found)
    assert ("LEAD_VELOCITY", "hubspot") == (problem.code, problem.destination)
    assert problem.message == (
        "Hot leads are slow: create_task from meta: 1 waiting, the longest 90.0 s; create_task"
        " from typeform: p95 72.0 s of 1 delivered, most of it from received to recorded;"
        " the objective is 60 s."
    )
    assert "MILLRACE_LEAD_VELOCITY_OBJECTIVE_SECONDS" in problem.remedy


# -- with a log and a ledger ------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, lead_velocity_objective_seconds=30)


@pytest.fixture
def log(settings: Settings) -> Iterator[EventLog]:
    with closing(connections.event_log(settings)) as log:
        yield log


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with closing(connections.ledger(settings)) as ledger:
        yield ledger


def arrive(log: EventLog, *people: int, at: datetime = NOON) -> None:
    """A form of each of these people comes in."""
    log.append(
        [
            NewEvent("typeform", f"k-{n}", "webhook", at, b"{}", {}, f"correlation-person-{n}")
            for n in people
        ]
    )


def deliver(ledger: Ledger, at: datetime) -> None:
    """Everything that is due is asked for a second earlier and taken at that time."""
    rows = ledger.lease(
        "hubspot", token="t", now=at, ttl=60 * SECOND,
        limits={"create_task": 9, "upsert_contact": 9},
    )  # fmt: skip
    outcome, decision = Outcome(Kind.DELIVERED, "DELIVERED"), Decision(State.DELIVERED, "DELIVERED")
    ended = [Settlement(row, decision, outcome, started_at=at - SECOND) for row in rows]
    ledger.settle("hubspot", ended, at)


def test_the_speed_of_this_moment(log: EventLog, ledger: Ledger, settings: Settings) -> None:
    """Receipts come from the log, the rest from the ledger; what was delivered an hour ago does not
    count any more."""
    arrive(log, 1, 2, at=NOON - 2 * SECOND)
    rows = [task(1), task(2)]
    ledger.enqueue(rows[:1], destination="hubspot", action="create_task", now=NOON)
    deliver(ledger, NOON + 2 * SECOND)
    ledger.enqueue(rows, destination="hubspot", action="create_task", now=NOON + 3 * SECOND)
    found = lead_velocity.look(settings, now=NOON + 8 * SECOND)
    [told] = lead_velocity.as_dict(found)["tracks"]
    assert told == {
        "source": "typeform", "destination": "hubspot", "action": "create_task", "hot": True,
        "delivered": 1, "p50_seconds": 4.0, "p95_seconds": 4.0, "p99_seconds": 4.0,
        "steps_p95_seconds": {
            "received_to_recorded": 2.0, "recorded_to_requested": 1.0,
            "requested_to_answered": 1.0,
        },
        "waiting": 1, "longest_wait_seconds": 10.0, "met": True,
    }  # fmt: skip
    [later] = lead_velocity.look(settings, now=NOON + HOUR + 3 * SECOND).tracks
    assert (0, None, False) == (later.delivered, later.p95_seconds, later.met)


def test_more_than_is_looked_at_is_said(log: EventLog, ledger: Ledger) -> None:
    """Percentiles of the newest of many are told as such."""
    ledger.enqueue(
        [contact(1), contact(2)], destination="hubspot", action="upsert_contact", now=NOON
    )
    deliver(ledger, NOON)
    partial = [
        lead_velocity.measure(log, ledger, objective=60, now=NOON, most=most).partial
        for most in (2, 3)
    ]
    assert [True, False] == partial


def test_status_tells_the_speed(log: EventLog, ledger: Ledger, settings: Settings) -> None:
    """For programs under `lead_velocity`, for people as a table, and in red what is too slow."""
    arrive(log, 1)
    ledger.enqueue([task(1)], destination="hubspot", action="create_task", now=NOON)
    told = take_status(settings, now=NOON + 31 * SECOND)["lead_velocity"]
    assert (30, False, 3600.0) == (told["objective_seconds"], told["met"], told["window_seconds"])
    assert ["LEAD_VELOCITY"] == [problem["code"] for problem in told["problems"]]
    text = shown(told)
    assert "create_task (hot)" in text
    assert "\x1b[31mLEAD_VELOCITY\x1b[0m hubspot: Hot leads are slow" in text

    quick = take_status(settings, now=NOON + 30 * SECOND)["lead_velocity"]
    assert (True, []) == (quick["met"], quick["problems"])
    assert "LEAD_VELOCITY" not in shown(quick)


def test_where_nothing_goes_nothing_is_told(settings: Settings) -> None:
    """A new installation has met its objective, and shows no empty table."""
    told = take_status(settings, now=NOON)["lead_velocity"]
    assert (True, []) == (told["met"], told["tracks"])
    assert shown(told) == ""


def shown(told: dict[str, Any]) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=200, color_system="standard", highlight=False
    )
    tell_velocity(told, console)
    return out.getvalue()


# -- in Dagster -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
def test_the_sensor_tells_when_leads_become_slow_and_fast_again(
    log: EventLog, ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its first look and at each change, as a check on the destination; never in between."""
    import dagster as dg

    from orchestration.defs.operations import velocity as defs

    class Clock(datetime):
        at = NOON

        @classmethod
        def now(cls, _tz: object = None) -> datetime:  # type: ignore[override]
            return cls.at

    monkeypatch.setattr(defs, "datetime", Clock)
    monkeypatch.setattr(defs, "load_settings", lambda: settings)
    cursor = None

    def look(at: datetime) -> list[tuple[str, bool]]:
        nonlocal cursor
        Clock.at = at
        result = defs.lead_velocity_sensor(dg.build_sensor_context(cursor=cursor))
        if isinstance(result, dg.SkipReason):
            return []
        cursor = result.cursor
        for each in result.asset_events:
            assert each.passed is (each.description is None)
            assert each.passed or each.description.startswith("LEAD_VELOCITY: ")
        return [(each.asset_key.to_user_string(), each.passed) for each in result.asset_events]

    arrive(log, 1)
    ledger.enqueue([task(1)], destination="hubspot", action="create_task", now=NOON)
    assert [("delivered/hubspot", True), ("delivered/meta", True)] == look(NOON)
    assert [] == look(NOON + 30 * SECOND)
    assert [("delivered/hubspot", False)] == look(NOON + 31 * SECOND)
    assert [] == look(NOON + 32 * SECOND)
    deliver(ledger, NOON + 33 * SECOND)
    assert [] == look(NOON + 34 * SECOND)
    assert [("delivered/hubspot", True)] == look(NOON + 2 * HOUR)


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
def test_late_leads_fail_no_run() -> None:
    """The check is there for each destination, and no job carries it out."""
    from orchestration.definitions import defs

    repository = defs().get_repository_def()
    checks = {
        job.name: {
            key.asset_key.to_user_string()
            for key in job.asset_layer.asset_graph.asset_check_keys
            if key.name == lead_velocity.CHECK
        }
        for job in repository.get_all_jobs()
    }
    assert {"delivered/hubspot", "delivered/meta"} == checks.pop("__ASSET_JOB")
    assert {"batch", "push_mqls", "push_conversions"} <= checks.keys()
    assert set() == set().union(*checks.values())
