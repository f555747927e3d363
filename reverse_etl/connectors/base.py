"""What every connector offers the dispatcher."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from reverse_etl import catalogue
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Call, Delivery, Kind, Outcome, Reply
from reverse_etl.quota import Budget, Credits


@asynccontextmanager
async def _no_wait() -> AsyncIterator[None]:
    yield


async def _enough(rows: Sequence[Delivery]) -> Credits:
    return Credits(len(rows))


async def _nothing_back(_credits: Credits, _unused: int) -> None:
    return None


async def _nobody(_keys: Sequence[str]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector may know and ask while it works on one batch."""

    now: datetime
    vendor_ids: Mapping[int, str] = field(default_factory=dict)
    """Delivery id → the vendor's id of the entity itself, where known."""
    references: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Delivery id → object kind → the vendor's id of what the payload refers to."""
    permit: Callable[[], AbstractAsyncContextManager[None]] = _no_wait
    """Enter for each HTTP request, from before it goes out until its answer is there: the quota's
    say, and after a wait that of consent. Raises CallFailedError when nothing may go out."""
    spend: Callable[[Sequence[Delivery]], Awaitable[Credits]] = _enough
    """Take a credit for each of these rows, hot ones first, before something is asked that costs
    them: the budget's say."""
    give_back: Callable[[Credits, int], Awaitable[None]] = _nothing_back
    """Return so many of these credits: the vendor did not charge them."""
    alive: Callable[[Sequence[str]], Awaitable[frozenset[str]]] = _nobody
    """Which of these entity keys are wanted: delivered and not gone since, or queued."""


Found = Mapping[str, Mapping[str, Any]]
"""Objects as a vendor holds them: entity key → field → value."""


class Connector(Protocol):
    """One vendor account. It never raises for what a vendor does: it answers with outcomes."""

    @property
    def destination(self) -> str:
        """The name in activation rows."""

    @property
    def budget(self) -> Budget | None:
        """Requests the account allows; None when the vendor states no limit."""

    @property
    def actions(self) -> Mapping[str, int]:
        """What it can do, as activation rows name it, and the most items of one request."""

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Send deliveries of one action, of which no two concern the same person."""

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Find out what became of deliveries whose answer was lost: delivered, or to be sent
        again (retryable), or still unknown."""


@runtime_checkable
class Spender(Protocol):
    """A connector whose requests cost credits."""

    @property
    def credits(self) -> Budget | None:
        """Credits that we allow ourselves; None for as many as the vendor gives."""


@runtime_checkable
class Looker(Protocol):
    """A connector that can say what the vendor holds."""

    def looks(self, action: str) -> bool:
        """Whether it can be asked about what this action made."""

    async def look(
        self, action: str, keys: Sequence[str], names: Sequence[str], context: Context
    ) -> Found:
        """The objects with these entity keys over these fields, at most as many as one request
        of the action takes; what the vendor does not hold is left out. Raises CallFailedError."""


@dataclass(slots=True)
class Work:
    """A batch while a connector works on it: which items have their outcome already."""

    batch: Sequence[Delivery]
    context: Context
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    @property
    def open(self) -> list[Delivery]:
        """Deliveries without an outcome yet."""
        return [row for row in self.batch if row.id not in self.outcomes]

    def delivered(self, row: Delivery, vendor_id: str | None, status: int | None = None) -> None:
        """The vendor has it."""
        self.set(row, Outcome(Kind.DELIVERED, "DELIVERED", status=status, vendor_id=vendor_id))

    def set(self, row: Delivery, outcome: Outcome) -> None:
        """Note an item's outcome; the first one stays."""
        self.outcomes.setdefault(row.id, outcome)

    def fail(self, failure: CallFailedError, rows: Sequence[Delivery] | None = None) -> None:
        """The request that carried these rows (default: all open ones) failed as a whole."""
        for row in self.open if rows is None else rows:
            self.set(row, failure.outcome)

    def reply(self) -> Reply:
        """The outcomes so far."""
        return Reply(dict(self.outcomes), tuple(self.calls))


def cannot_ask(batch: Sequence[Delivery], *, at_most_once: bool) -> Reply:
    """The reading back of a vendor who cannot be asked: what a lost answer means there is a
    setting. The repeat carries the same key and is counted as a possible repeat."""
    if at_most_once:
        text = "The answer was lost, and the setting forbids a repeat."
        outcome = Outcome(Kind.PERMANENT, catalogue.UNKNOWN_OUTCOME, text)
    else:
        outcome = Outcome(
            Kind.RETRYABLE,
            catalogue.POSSIBLE_REPEAT,
            "The answer was lost: sent again with the same key.",
            retry_after=timedelta(),
            possible_repeat=True,
        )
    return Reply({row.id: outcome for row in batch})
