"""The speed of leads at this moment: from the ledger's deliveries of the last hour and the event
log, without a batch in between."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ingestion.event_log import EventLog
from orchestration import charts, connections, velocity
from orchestration.settings import Settings
from orchestration.velocity import Journey, LeadVelocity, Speed
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.ways import MOST

CHECK: Final = "lead_velocity"  # its name in Dagster
WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Journeys:
    """The ways of some deliveries; `partial`: there are more."""

    journeys: Sequence[Journey]
    partial: bool


def look(settings: Settings, *, now: datetime) -> LeadVelocity:
    """The speed now, of the log and the ledger that the settings name."""
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        return measure(log, ledger, objective=settings.lead_velocity_objective_seconds, now=now)


def measure(
    log: EventLog, ledger: Ledger, *, objective: float, now: datetime, most: int = MOST
) -> LeadVelocity:
    """Of what was delivered within the last hour and of hot rows that wait, at most so many of
    each; `objective` in seconds."""
    found = journeys(log, ledger, since=now - WINDOW, most=most)
    return velocity.judge(
        found.journeys, objective=objective, window=WINDOW, now=now, partial=found.partial
    )


def journeys(log: EventLog, ledger: Ledger, *, since: datetime, most: int = MOST) -> Journeys:
    """What was delivered since then and hot rows that wait, at most so many of each."""
    delivered = ledger.ways.delivered(since, most=most)
    waiting = ledger.ways.hot_waiting(most=most)
    ways = [*delivered, *waiting]
    arrived = log.arrivals(way.correlation_id for way in ways)
    found = (velocity.journey(way, arrived.get(way.correlation_id, ())) for way in ways)
    return Journeys(
        [each for each in found if each is not None], most in (len(delivered), len(waiting))
    )


def as_dict(found: LeadVelocity) -> dict[str, Any]:
    """The part `lead_velocity` of `millrace status --json`."""
    return {
        "objective_seconds": found.objective_seconds,
        "met": found.met,
        "window_seconds": found.window_seconds,
        "partial": found.partial,
        "tracks": [asdict(speed) for speed in found.tracks],
        "problems": [asdict(problem) for problem in velocity.problems(found)],
    }


def worst(tracks: Sequence[Speed]) -> dict[str, float]:
    """The slowest of hot tracks, else of all, in seconds: numbers that a UI can draw over time."""
    chosen = [track for track in tracks if track.hot] or tracks
    slowest = {
        "p50_seconds": max((t.p50_seconds or 0.0 for t in chosen), default=0.0),
        "p95_seconds": max((t.p95_seconds or 0.0 for t in chosen), default=0.0),
        "longest_wait_seconds": max((t.longest_wait_seconds or 0.0 for t in chosen), default=0.0),
    }
    return slowest if chosen else {}


def markdown(tracks: Sequence[Speed]) -> str:
    """A table of tracks, one a line."""
    columns = ("source", "action", "hot", "delivered", "p50 s", "p95 s", "p99 s", "waiting", "met")
    rows = [
        (
            track.source,
            track.action,
            "yes" if track.hot else "",
            track.delivered,
            track.p50_seconds,
            track.p95_seconds,
            track.p99_seconds,
            track.waiting,
            {True: "yes", False: "no", None: ""}[track.met],
        )
        for track in tracks
    ]
    return charts.table(columns, rows) if rows else "Nothing went within the last hour."
