"""Who may send which rows now (law 6: the lease is the recorded intent)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.selectable import NamedFromClause

from reverse_etl import catalogue
from reverse_etl.ledger import awaited
from reverse_etl.ledger.queries import delivery
from reverse_etl.ledger.schema import Instant, audit, deliveries
from reverse_etl.model import Delivery, State

# What was sent may still be on its way: reading back earlier would miss it. That holds for a dead
# process, and for a living one whose lease ends because somebody sets the clock forward.
_IN_TRANSIT = timedelta(seconds=10)
_UNFINISHED = (State.PENDING, State.IN_FLIGHT, State.UNKNOWN)


def lease(
    connection: Connection,
    destination: str,
    *,
    token: str,
    now: datetime,
    ttl: timedelta,
    limits: Mapping[str, int],
    state: State,
    most: int | None,
    hot_only: bool,
) -> list[Delivery]:
    """Rows of one action in `state` that are due and that no earlier row of their person blocks."""
    asked = {"destination": destination, "now": now}
    head = connection.execute(_ready(state, hot_only=hot_only), asked | {"most": 1}).first()
    if head is None:
        return []
    limit = limits.get(head.action, 1)
    asked |= {"action": head.action, "most": min(limit, most or limit)}
    chosen = connection.execute(_ready_of_action(state, hot_only=hot_only), asked).all()
    leased = {"state": State.IN_FLIGHT, "lease": token, "lease_until": now + ttl}
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in chosen]))
        .values(**leased, updated_at=now)
    )
    return [delivery({**row._mapping, **leased}) for row in chosen]


# Statements are made once: to make one takes longer than to run it.
_DESTINATION = bindparam("destination", type_=String)
_NOW = bindparam("now", type_=Instant)


@cache
def _ready(state: State, *, hot_only: bool) -> Select[Any]:
    d = deliveries.c
    return (
        select(deliveries)
        .where(d.destination == _DESTINATION, d.state == state, awaited.is_due(_NOW), _unblocked())
        .where(d.code == catalogue.BREAKER_OPEN if state is State.HELD else true())
        .where(d.priority <= 0 if hot_only else true())
        .order_by(d.priority, d.urgency, d.order_key, d.id)
        .limit(bindparam("most"))
    )


@cache
def _ready_of_action(state: State, *, hot_only: bool) -> Select[Any]:
    ready = _ready(state, hot_only=hot_only).where(deliveries.c.action == bindparam("action"))
    return ready.with_for_update(skip_locked=True)


def _unblocked() -> ColumnElement[bool]:
    """No earlier row of the same person at this destination is unfinished.

    A row that waits for its contact blocks nobody: it is the one that waits, and the contact that
    would set it free may stand behind it.
    """
    earlier = deliveries.alias("earlier")
    return ~(
        select(earlier.c.id)
        .where(
            earlier.c.destination == deliveries.c.destination,
            earlier.c.person_id == deliveries.c.person_id,
            earlier.c.id < deliveries.c.id,
            _unfinished(earlier),
        )
        .exists()
    )


def _unfinished(earlier: NamedFromClause) -> ColumnElement[bool]:
    waiting_for_contact = earlier.c.code.is_not_distinct_from(catalogue.REFERENCE_NOT_SYNCED)
    return or_(
        and_(earlier.c.state.in_(_UNFINISHED), ~waiting_for_contact),
        and_(earlier.c.state == State.HELD, earlier.c.code == catalogue.BREAKER_OPEN),
    )


def next_due(connection: Connection, destination: str) -> datetime | None:
    """When the next row that nothing blocks comes due; None when nothing is queued."""
    asked = {"destination": destination}
    found = [connection.scalar(query, asked) for query in _next_due()]
    return min((at for at in found if at is not None), default=None)


@cache
def _next_due() -> tuple[Select[Any], Select[Any]]:
    """When a row comes due, and when a lease ends."""
    d = deliveries.c
    queued = d.state.in_([State.PENDING, State.UNKNOWN])
    mine = d.destination == _DESTINATION
    at = case((awaited.is_answered(), d.updated_at), else_=d.due_at)
    return (
        select(func.min(at)).where(mine, queued, _unblocked()),
        select(func.min(d.lease_until)).where(mine, d.state == State.IN_FLIGHT),
    )


def sweep(
    connection: Connection, destination: str, now: datetime, is_dead: Callable[[str], bool]
) -> int:
    """Rows whose sender went missing become unknown; queued rows past their deadline die.

    Returns how many died.
    """
    d = deliveries.c
    mine = d.destination == destination
    in_flight = mine & (d.state == State.IN_FLIGHT)
    held = connection.scalars(select(d.lease).where(in_flight).distinct()).all()
    orphans = [token for token in held if token and is_dead(token)]
    abandoned = d.lease.in_(orphans) & (d.updated_at <= now - _IN_TRANSIT)
    arrived = literal(now, Instant)
    on_its_way = literal(now + _IN_TRANSIT, Instant)
    connection.execute(
        update(deliveries)
        .where(in_flight, or_(d.lease_until <= now, abandoned))
        .values(state=State.UNKNOWN, code=catalogue.LEASE_EXPIRED, attempts=d.attempts + 1)
        .values(due_at=case((abandoned, arrived), else_=on_its_way))
        .values(last_attempt_at=now, updated_at=now, lease=None, lease_until=None)
    )
    expired = connection.execute(
        update(deliveries)
        .where(mine, d.state.in_([State.PENDING, State.HELD]), d.urgency <= now)
        .values(state=State.DEAD, code=catalogue.EXPIRED, updated_at=now)
    )
    return expired.rowcount


def hold(connection: Connection, destination: str, now: datetime) -> int:
    """The breaker opened: queued rows wait, visible to review; but what waits for something else
    does so until it is due."""
    d = deliveries.c
    return connection.execute(
        update(deliveries)
        .where(d.destination == destination, d.state == State.PENDING, ~awaited.is_waiting(now))
        .values(state=State.HELD, code=catalogue.BREAKER_OPEN, updated_at=now)
    ).rowcount


def approve(connection: Connection, destination: str, who: str, now: datetime) -> int:
    """Somebody looked at what is held for approval: it queues."""
    d = deliveries.c
    approved = connection.execute(
        update(deliveries)
        .where(d.destination == destination, d.state == State.HELD)
        .where(d.code == catalogue.APPROVAL_NEEDED)
        .values(state=State.PENDING, code=None, due_at=now, updated_at=now)
    ).rowcount
    if approved:
        entry = {"at": now, "who": who, "what": "approve", "reason": f"{destination}: {approved}"}
        connection.execute(insert(audit), [entry])
    return approved


def release(connection: Connection, destination: str, now: datetime) -> int:
    """The breaker closed: its rows queue again, in the order they had."""
    d = deliveries.c
    return connection.execute(
        update(deliveries)
        .where(d.destination == destination, d.state == State.HELD)
        .where(d.code == catalogue.BREAKER_OPEN)
        .values(state=State.PENDING, code=None, due_at=now, updated_at=now)
    ).rowcount
