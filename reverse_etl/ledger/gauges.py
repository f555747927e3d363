"""What is measured of the ledger, in few rows: for dashboards and alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Engine, func, or_, select

from reverse_etl import catalogue
from reverse_etl.ledger.engine import reading
from reverse_etl.ledger.schema import attempts, counters, deliveries, requests
from reverse_etl.model import State

_WITH_REASON: Final = [State.DEAD, State.HELD, State.PENDING]
_TRIED: Final = [State.PENDING, State.IN_FLIGHT, State.UNKNOWN]
_ON_THE_WAY: Final = [State.PENDING, State.IN_FLIGHT, State.UNKNOWN, State.HELD]


class Tried(NamedTuple):
    """A try of one delivery; `milliseconds` are those of all requests of its batch."""

    id: int
    destination: str
    action: str
    kind: str
    code: str
    batch_id: str
    milliseconds: float


class Stalled(NamedTuple):
    """Rows that a destination does not take, each with the code of its last try; `since`: when the
    oldest was enqueued."""

    destination: str
    code: str
    rows: int
    since: datetime


class Gauges:
    """Aggregates. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def states(self) -> dict[tuple[str, str], int]:
        """(destination, state) → rows: one pass over an index."""
        d = deliveries.c
        query = select(d.destination, d.state, func.count()).group_by(d.destination, d.state)
        with reading(self._engine) as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def reasons(self) -> dict[tuple[str, str, str], int]:
        """(destination, state, code) → rows that were given up or wait, and why."""
        d = deliveries.c
        keys = (d.destination, d.state, d.code)
        known = select(counters.c.destination).where(counters.c.name == "enqueued")
        query = (
            select(*keys, func.count())
            .where(d.destination.in_(known), d.state.in_(_WITH_REASON), d.code.is_not(None))
            .group_by(*keys)
        )
        with reading(self._engine) as connection:
            return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}

    def hot_since(self) -> dict[str, datetime]:
        """Destination → since when the oldest hot row waits that goes by itself."""
        d = deliveries.c
        known = select(counters.c.destination).where(counters.c.name == "enqueued")
        query = (
            select(d.destination, func.min(d.created_at))
            .where(d.destination.in_(known), d.state.in_(_ON_THE_WAY), d.priority <= 0)
            .where(or_(d.state != State.HELD, d.code == catalogue.BREAKER_OPEN))
            .group_by(d.destination)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def stalled(self, codes: Collection[str], since: datetime) -> Sequence[Stalled]:
        """Rows with these codes that were enqueued before `since`, at destinations that have taken
        nothing since then; the oldest of a destination first."""
        d = deliveries.c
        known = select(counters.c.destination).where(counters.c.name == "enqueued")
        takers = select(d.destination).where(d.delivered_at >= since).distinct()
        oldest = func.min(d.created_at)
        query = (
            select(d.destination, d.code, func.count(), oldest)
            .where(d.destination.in_(known), d.state.in_(_TRIED), d.code.in_(sorted(codes)))
            .where(d.created_at < since, d.destination.not_in(takers))
            .group_by(d.destination, d.code)
            .order_by(d.destination, oldest)
        )
        with reading(self._engine) as connection:
            return [Stalled._make(row) for row in connection.execute(query)]

    def requests_since(self, destination: str, since: datetime) -> int:
        """Requests that count against a destination's budget since then."""
        r = requests.c
        query = select(func.count()).where(r.destination == destination, r.at > since)
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def last_try(self) -> int:
        """The number of the newest try, 0 before the first."""
        with reading(self._engine) as connection:
            return int(connection.scalar(select(func.max(attempts.c.id))) or 0)

    def tries(self, *, after: int, most: int) -> Sequence[Tried]:
        """The tries behind number ``after``, at most so many, in order of their numbers."""
        a, d = attempts.c, deliveries.c
        query = (
            select(a.id, d.destination, d.action, a.kind, a.code, a.batch_id, a.milliseconds)
            .join(deliveries, d.id == a.delivery_id)
            .where(a.id > after)
            .order_by(a.id)
            .limit(most)
        )
        with reading(self._engine) as connection:
            return [Tried._make(row) for row in connection.execute(query)]
