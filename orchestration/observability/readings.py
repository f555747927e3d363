"""What is read from ledger, log and files for one look at an installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.event_log import EventLog
from orchestration import accounts, status, warehouse
from orchestration.lane_parity import record
from orchestration.observability.runs import Run, last_runs
from orchestration.settings import Settings
from reverse_etl.health import Health
from reverse_etl.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader of the log is: events behind its head, and for how many seconds the oldest
    of them has waited."""

    waiting: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """`states`: (destination, state) → rows; `reasons`: (destination, state, code) → rows;
    `budgets`: destination → requests left and allowed in its window; ages are in seconds; None:
    there is nothing yet."""

    taken_at: datetime
    states: Mapping[tuple[str, str], int] = field(default_factory=dict)
    reasons: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    hot_waits: Mapping[str, float] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()
    budgets: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    credential_ages: Mapping[str, float] = field(default_factory=dict)
    credential_ends: Mapping[str, datetime] = field(default_factory=dict)
    lane: Position | None = None
    warehouse: Position | None = None
    published_at: datetime | None = None
    parity: bool | None = None
    runs: tuple[Run, ...] = ()


def take(settings: Settings, log: EventLog, ledger: Ledger, *, now: datetime) -> Reading:
    """One look; raises LogUnavailableError and LedgerUnavailableError."""
    published = warehouse.publication(settings.published)
    lane, head = ledger.lane.position(), log.head()
    parity = record.last(settings)
    kept = ledger.credentials.all()
    return Reading(
        taken_at=now,
        states=ledger.gauges.states(),
        reasons=ledger.gauges.reasons(),
        hot_waits={
            name: max(0.0, (now - since).total_seconds())
            for name, since in ledger.gauges.hot_since().items()
        },
        health=ledger.health(),
        switched_off=frozenset(ledger.switches.off()),
        budgets=_budgets(settings, ledger, now),
        credential_ages={
            name: (now - each.since).total_seconds() for name, each in kept.items() if each.since
        },
        credential_ends={name: each.expires_at for name, each in kept.items() if each.expires_at},
        lane=_position(log, lane, head, now) if lane else None,
        warehouse=_position(log, published.log_position, head, now) if published else None,
        published_at=published.published_at if published else None,
        parity=None if parity is None else bool(parity["passed"]),
        runs=last_runs(settings),
    )


def _position(log: EventLog, position: int, head: int, now: datetime) -> Position:
    return Position(max(0, head - position), status.lag_seconds(log, position, now))


def _budgets(settings: Settings, ledger: Ledger, now: datetime) -> dict[str, tuple[int, int]]:
    found = {}
    for name, account in accounts.configured(settings).items():
        if (budget := account.budget) is not None:
            taken = ledger.gauges.requests_since(name, now - budget.length)
            found[name] = (max(0, budget.requests - taken), budget.requests)
    return found
