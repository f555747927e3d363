"""Requests that went to a vendor account lately: one budget for every process that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from reverse_etl.ledger.schema import requests
from reverse_etl.quota import Budget

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to make a request, or how long to wait for it."""

    wait: timedelta
    id: int | None = None


def wait(
    connection: Connection, destination: str, now: datetime, budget: Budget, *, hot: bool
) -> timedelta:
    """How long until a request may go out."""
    return budget.wait(_taken(connection, destination, now, budget), now, hot=hot)


def take(
    connection: Connection, destination: str, now: datetime, budget: Budget, *, hot: bool
) -> Turn:
    """Count a request that goes out now, or tell how long to wait before asking again."""
    rest = wait(connection, destination, now, budget, hot=hot)
    if rest:
        return Turn(rest)
    r = requests.c
    outdated = (r.at <= now - budget.length) | (r.at > now + budget.length)
    connection.execute(delete(requests).where(r.destination == destination, outdated))
    row = {"destination": destination, "at": now}
    return Turn(_NOTHING, connection.scalar(insert(requests).returning(r.id), row))


def end(connection: Connection, turn: Turn, now: datetime) -> None:
    """The answer is there: the window begins to run."""
    connection.execute(update(requests).where(requests.c.id == turn.id).values(at=now))


def _taken(
    connection: Connection, destination: str, now: datetime, budget: Budget
) -> Sequence[datetime]:
    """When the requests of the window went out. What lies far ahead was counted before somebody
    set a clock back, and would block for as long."""
    r = requests.c
    query = (
        select(r.at)
        .where(r.destination == destination)
        .where(r.at > now - budget.length, r.at <= now + budget.length)
        .order_by(r.at)
    )
    return connection.scalars(query).all()
