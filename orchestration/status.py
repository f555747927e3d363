"""One look at everything: positions, lag, the accounting identities of law 8, what waits where."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from ingestion.event_log import EventLog
from orchestration import (
    accounts,
    connections,
    first_events,
    lead_velocity,
    objectives,
    warehouse,
)
from orchestration.backlog import backlog
from orchestration.errors import WarehouseMissingError
from orchestration.lane_parity import record
from orchestration.pulls import status as pull_status
from orchestration.settings import Settings, misspelt_settings
from orchestration.warehouse import Publication
from reverse_etl.ledger import Ledger

OUTCOMES = """
    select outcome, code, count(*) as events
    from intermediate.int_event_outcomes
    group by outcome, code
    order by outcome, events desc
"""

GATEWAY_COUNTERS = ("received", "duplicate", "rejected")


@dataclass(frozen=True, slots=True)
class EventAccount:
    """`received = applied + quarantined + ignored`, for the events that the warehouse has seen.

    `received` comes from the log and the three others from dbt, so a lost or doubled row shows.
    """

    received: int
    applied: int
    quarantined: int
    ignored: int
    codes: Mapping[str, int]

    @property
    def balanced(self) -> bool:
        return self.received == self.applied + self.quarantined + self.ignored


def account_for_events(log: EventLog, connection: duckdb.DuckDBPyConnection) -> EventAccount:
    position = warehouse.log_position(connection)
    found = warehouse.rows(connection, OUTCOMES)
    totals = dict.fromkeys(("applied", "quarantined", "ignored"), 0)
    for row in found:
        totals[row["outcome"]] += row["events"]
    codes = {row["code"]: row["events"] for row in found if row["code"]}
    return EventAccount(received=log.count(until=position).count, codes=codes, **totals)


def take_status(settings: Settings, *, now: datetime) -> dict[str, Any]:
    """The answer of `millrace status --json` (keys are stable; more may be added)."""
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        return _status(settings, log, ledger, now)


def _status(settings: Settings, log: EventLog, ledger: Ledger, now: datetime) -> dict[str, Any]:
    published = warehouse.publication(settings.published)
    events = _events(settings, log)
    deliveries = ledger.counts()
    loaded = published.log_position if published else 0
    velocity = lead_velocity.measure(
        log, ledger, objective=settings.lead_velocity_objective_seconds, now=now
    )
    return {
        "log": {
            "head": log.head(),
            "loaded": loaded,
            "waiting": log.count().count - events.received,
            "lag_seconds": lag_seconds(log, loaded, now),
        },
        "events": {
            "received": events.received,
            "applied": events.applied,
            "quarantined": events.quarantined,
            "ignored": events.ignored,
            "codes": dict(events.codes),
        },
        "gateway": _gateway(log),
        "awaited_sources": _awaited(settings, log, now),
        "lane": _lane(settings, log, ledger, published, now),
        "deliveries": dict(deliveries.by_state),
        "destinations": {name: dict(states) for name, states in deliveries.by_destination.items()},
        "backlog": {
            name: each and asdict(each)
            for name, each in backlog(settings, deliveries.pending).items()
        },
        "lead_velocity": lead_velocity.as_dict(velocity),
        "objectives": [asdict(each) for each in objectives.measure(settings, velocity, now=now)],
        "dead_letters": dict(deliveries.dead_by_code),
        "waiting": dict(deliveries.pending_by_code),
        "breakers": _breakers(ledger),
        "switched_off": {name: asdict(each) for name, each in ledger.switches.off().items()},
        "credentials": {name: not accounts.needs(settings, name) for name in settings.destinations},
        "accounting": {
            "events_balanced": events.balanced,
            "deliveries_balanced": deliveries.balanced,
            "deliveries_enqueued": deliveries.enqueued,
            "possible_repeats": deliveries.possible_repeats,
        },
        "misspelt_settings": misspelt_settings(),
        "pulls": pull_status.told(settings, log, now),
        "warehouse": {
            "published_at": published.published_at.isoformat() if published else None,
        },
    }


def _events(settings: Settings, log: EventLog) -> EventAccount:
    try:
        with warehouse.connect(settings.published) as connection:
            return account_for_events(log, connection)
    except WarehouseMissingError:
        return EventAccount(0, 0, 0, 0, {})


def lag_seconds(log: EventLog, loaded: int, now: datetime) -> float:
    """How long the oldest event that no batch has seen has been waiting; 0 when none waits."""
    waiting = log.read(after=loaded, limit=1)
    if not waiting:
        return 0.0
    return max(0.0, round((now - waiting[0].received_at.astimezone(UTC)).total_seconds(), 3))


def _lane(
    settings: Settings,
    log: EventLog,
    ledger: Ledger,
    published: Publication | None,
    now: datetime,
) -> dict[str, Any]:
    """The fast lane: how far it is (`lag_seconds` is null if it never ran), the publication whose
    models and reference tables it takes up, and what the last comparison of both lanes said."""
    position = ledger.lane.position()
    return {
        "position": position,
        "waiting": log.head() - position,
        "lag_seconds": lag_seconds(log, position, now) if position else None,
        "reference": published
        and {
            "log_position": published.log_position,
            "published_at": published.published_at.isoformat(),
            "age_seconds": max(0.0, round((now - published.published_at).total_seconds(), 3)),
        },
        "parity": record.last(settings),
    }


def _gateway(log: EventLog) -> dict[str, Any]:
    """What each source sent: taken, doubled, turned away (by code)."""
    told: dict[str, Any] = {}
    for (source, name, code), value in sorted(log.counters().items()):
        if name not in GATEWAY_COUNTERS:
            continue  # the readiness probe counts its own writes
        counts = told.setdefault(source, {"received": 0, "duplicate": 0, "rejected": {}})
        if name == "rejected":
            counts["rejected"][code] = value
        else:
            counts[name] = value
    return told


def _awaited(settings: Settings, log: EventLog, now: datetime) -> list[dict[str, Any]]:
    """Sources that are configured and have never sent anything."""
    return [
        {
            "source": each.way.source,
            "kind": each.way.kind,
            "since": each.since.isoformat(),
            "overdue": each.is_overdue(now),
            "told": f"{each.name}: {each.told}",
        }
        for each in first_events.awaited(settings, log, now)
    ]


def _breakers(ledger: Ledger) -> dict[str, Any]:
    """Destinations that had trouble: since when the breaker is open, why sending is stopped."""
    return {
        name: {
            "open_since": health.breaker.opened_at,
            "stopped_by": health.stopped_code,
            "stopped_since": health.stopped_at,
        }
        for name, health in ledger.health().items()
    }
