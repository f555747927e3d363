"""Requests that went to a vendor account lately, and what credits they cost: one budget of each for
every process that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from reverse_etl.ledger.schema import requests
from reverse_etl.quota import Budget, Credits

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
    _forget(connection, destination, now, budget)
    row = {"destination": destination, "at": now}
    return Turn(_NOTHING, connection.scalar(insert(requests).returning(requests.c.id), row))


def end(connection: Connection, turn: Turn, now: datetime) -> None:
    """The answer is there: the window begins to run."""
    connection.execute(update(requests).where(requests.c.id == turn.id).values(at=now))


def spend(
    connection: Connection,
    destination: str,
    wanted: int,
    now: datetime,
    budget: Budget,
    *,
    hot: bool,
) -> Credits:
    """Count credits that are spent now, at most as many as are left."""
    purse = _purse(destination)
    _forget(connection, purse, now, budget)
    found = budget.grant(wanted, _taken(connection, purse, now, budget), now, hot=hot)
    row = {"destination": purse, "at": now}
    new = insert(requests).values(**row).returning(requests.c.id)
    return replace(
        found, taken=tuple(connection.execute(new).scalar_one() for _ in range(found.granted))
    )


def give_back(connection: Connection, ids: Sequence[int]) -> None:
    """These credits were not charged."""
    connection.execute(delete(requests).where(requests.c.id.in_(ids)))


def _purse(destination: str) -> str:
    """Under which name a destination's credits stand beside its requests."""
    return f"{destination}/credits"


def _forget(connection: Connection, destination: str, now: datetime, budget: Budget) -> None:
    r = requests.c
    outdated = (r.at <= now - budget.length) | (r.at > now + budget.length)
    connection.execute(delete(requests).where(r.destination == destination, outdated))


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
