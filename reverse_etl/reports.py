"""What enqueueing and a drain report, and how the ledger stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class EnqueueReport:
    """What `enqueue` did. `inserted` counts new rows that will be sent; `cancelled`, `expired`
    and `held` count rows put into that state; `superseded` older rows that were replaced or are
    no longer wanted; `reopened` rows that consent, a repaired contract or an answer set free;
    `stale` events that were too old when they were first seen: they are not in the ledger."""

    inserted: int = 0
    unchanged: int = 0
    superseded: int = 0
    cancelled: int = 0
    expired: int = 0
    held: int = 0
    reopened: int = 0
    stale: int = 0


Change = Literal[
    "create", "update", "unchanged", "queued", "refuse", "hold", "expire", "stale", "withdraw"
]
"""What enqueueing an activation row would lead to. `queued`: it waits already; `refuse`: consent
forbids it; `stale`: too old when first seen; `withdraw`: what waits is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of one row, and the code that says why."""

    entity_key: str
    person_id: str
    change: Change
    code: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """Law 8 for deliveries. `enqueued` is counted apart from the states it must equal; `pending`:
    destination → action → rows; `pending_by_code`: of these, those that wait for a reason."""

    by_state: Mapping[str, int]
    by_destination: Mapping[str, Mapping[str, int]]
    dead_by_code: Mapping[str, int]
    pending: Mapping[str, Mapping[str, int]]
    pending_by_code: Mapping[str, int]
    enqueued: int
    possible_repeats: int

    @property
    def balanced(self) -> bool:
        """enqueued = pending + in_flight + unknown + delivered + dead + held + cancelled
        + superseded."""
        return self.enqueued == sum(self.by_state.values())


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person should know about a destination."""

    code: str
    destination: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DestinationReport:
    """What one drain did at one destination; `pending` and `held` are what is left."""

    delivered: int = 0
    dead: int = 0
    cancelled: int = 0
    retried: int = 0
    unknown: int = 0
    requests: int = 0
    pending: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What one drain did."""

    by_destination: Mapping[str, DestinationReport] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def delivered(self) -> int:
        """Rows delivered in this drain."""
        return sum(report.delivered for report in self.by_destination.values())

    @property
    def dead(self) -> int:
        """Rows that became dead letters in this drain."""
        return sum(report.dead for report in self.by_destination.values())

    @property
    def pending(self) -> int:
        """Rows still queued when it ended."""
        return sum(report.pending for report in self.by_destination.values())
