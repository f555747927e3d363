"""How far deliveries have come, and when: for the speed at which leads go through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, ScalarSelect, Select, func, or_, select

from reverse_etl import catalogue
from reverse_etl.ledger.engine import reading
from reverse_etl.ledger.schema import counters, deliveries
from reverse_etl.model import State

MOST: Final = 20_000  # rows read at once: more tell a percentile nothing new


@dataclass(frozen=True, slots=True)
class Way:
    """When a delivery took each step; None for a step that it has not taken. `event_time`: when
    what it tells happened, by the sender's clock; `created_at`: when the ledger took it in;
    `requested_at`: when the first request for it went out; `told_at`: when it took in what the
    destination was last told of the same entity under the same correlation id."""

    destination: str
    action: str
    priority: int
    correlation_id: str
    event_time: datetime
    created_at: datetime
    told_at: datetime | None = None
    requested_at: datetime | None = None
    delivered_at: datetime | None = None

    @property
    def hot(self) -> bool:
        """Whether somebody waits for it."""
        return self.priority <= 0


class Ways:
    """The ways of lately. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def delivered(self, since: datetime, *, most: int = MOST) -> list[Way]:
        """Of what destinations took since then, newest first, at most so many."""
        d = deliveries.c
        return self._read(
            _ways().where(d.delivered_at >= since).order_by(d.delivered_at.desc()), most
        )

    def last_delivered(self) -> dict[str, datetime]:
        """When each destination took something last; those that never did are absent."""
        d = deliveries.c
        query = select(d.destination, func.max(d.delivered_at).label("at"))
        with reading(self._engine) as connection:
            found = connection.execute(query.group_by(d.destination))
            return {row.destination: row.at for row in found if row.at is not None}

    def hot_waiting(self, *, most: int = MOST) -> list[Way]:
        """Of hot rows that are still to be delivered, oldest first, at most so many. Rows that
        are held until a person decides are not on their way."""
        d = deliveries.c
        known = select(counters.c.destination).where(counters.c.name == "enqueued")
        return self._read(
            # All three are the beginning of one index.
            _ways()
            .where(d.destination.in_(known), d.state.in_(_ON_THE_WAY), d.priority <= 0)
            .where(_goes_by_itself())
            .order_by(d.created_at, d.id),
            most,
        )

    def recorded(
        self, destination: str, action: str, *, since: datetime, most: int = MOST
    ) -> list[Way]:
        """Of this kind, what the ledger took in since then, newest first, at most so many of the
        newest rows of all."""
        d = deliveries.c
        newest = select(func.max(d.id) - most).scalar_subquery()
        mine = (d.destination == destination) & (d.action == action)
        return self._read(
            _ways().where(d.id > newest, mine, d.created_at >= since).order_by(d.id.desc()), most
        )

    def _read(self, query: Select[Any], most: int) -> list[Way]:
        with reading(self._engine) as connection:
            return _rows(connection, query.limit(most))


_ON_THE_WAY: Final = [State.PENDING, State.IN_FLIGHT, State.UNKNOWN, State.HELD]
_COLUMNS: Final = [deliveries.c[name] for name in Way.__slots__ if name != "told_at"]


def _rows(connection: Connection, query: Select[Any]) -> list[Way]:
    return [Way(**row._mapping) for row in connection.execute(query)]


def _ways() -> Select[Any]:
    return select(*_COLUMNS, _told_at().label("told_at"))


def _goes_by_itself() -> ColumnElement[bool]:
    d = deliveries.c
    return or_(d.state != State.HELD, d.code == catalogue.BREAKER_OPEN)


def _told_at() -> ScalarSelect[Any]:
    d = deliveries.c
    earlier = deliveries.alias("earlier").c
    return (
        select(func.max(earlier.created_at))
        .where(
            earlier.destination == d.destination,
            earlier.action == d.action,
            earlier.entity_key == d.entity_key,
            earlier.correlation_id == d.correlation_id,
            earlier.id < d.id,
            earlier.state == State.DELIVERED,
        )
        .correlate(deliveries)
        .scalar_subquery()
    )
