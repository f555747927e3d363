"""The speed of leads at this moment: from the ledger's deliveries of the last hour and the event
log, without a batch in between."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from ingestion.event_log import EventLog
from orchestration import connections, velocity
from orchestration.settings import Settings
from orchestration.velocity import LeadVelocity
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.ways import MOST

CHECK: Final = "lead_velocity"  # its name in Dagster
WINDOW: Final = timedelta(hours=1)


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
    delivered = ledger.ways.delivered(now - WINDOW, most=most)
    waiting = ledger.ways.hot_waiting(most=most)
    ways = [*delivered, *waiting]
    arrived = log.arrivals(way.correlation_id for way in ways)
    journeys = (velocity.journey(way, arrived.get(way.correlation_id, ())) for way in ways)
    return velocity.judge(
        (each for each in journeys if each is not None),
        objective=objective,
        window=WINDOW,
        now=now,
        partial=most in (len(delivered), len(waiting)),
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
