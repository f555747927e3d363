"""Reading the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, union

from reverse_etl.ledger.schema import attempts, audit, counters, deliveries, entities
from reverse_etl.model import Attempt, AuditEntry, Delivery, State, object_kind
from reverse_etl.reports import LedgerCounts

_FIELDS = Delivery.__slots__


def delivery(row: RowMapping | dict[str, Any]) -> Delivery:
    """A delivery from a result row."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    values["state"] = State(values["state"])
    return Delivery(**values)


def counts(connection: Connection) -> LedgerCounts:
    """Law 8: how many deliveries are where."""
    d = deliveries.c
    by_state: Counter[str] = Counter({state.value: 0 for state in State})
    by_destination: dict[str, Counter[str]] = {}
    pending: dict[str, dict[str, int]] = {}
    kinds = (d.destination, d.action, d.state)
    for destination, action, state, number in connection.execute(
        select(*kinds, func.count()).group_by(*kinds)
    ):
        by_state[state] += number
        by_destination.setdefault(destination, Counter())[state] += number
        if state == State.PENDING:
            pending.setdefault(destination, {})[action] = number
    enqueued = select(func.sum(counters.c.value)).where(counters.c.name == "enqueued")
    return LedgerCounts(
        by_state=by_state,
        by_destination=by_destination,
        pending=pending,
        dead_by_code=_by_code(connection, State.DEAD),
        pending_by_code=_by_code(connection, State.PENDING),
        enqueued=int(connection.scalar(enqueued) or 0),
        possible_repeats=int(connection.scalar(select(func.sum(d.possible_repeats))) or 0),
    )


def _by_code(connection: Connection, state: State) -> dict[str, int]:
    d = deliveries.c
    coded = d.code.is_not(None) & (d.state == state)
    query = select(d.code, func.count()).where(coded).group_by(d.code).order_by(d.code)
    return {row[0]: row[1] for row in connection.execute(query)}


def find(
    connection: Connection,
    *,
    person_id: str | None,
    correlation_id: str | None,
    destination: str | None,
    states: Collection[State] | None,
    code: str | None,
    limit: int,
) -> list[Delivery]:
    """Deliveries that match everything given, oldest first."""
    d = deliveries.c
    query = select(deliveries).order_by(d.id).limit(limit)
    for column, value in (
        (d.person_id, person_id),
        (d.correlation_id, correlation_id),
        (d.destination, destination),
        (d.code, code),
    ):
        if value is not None:
            query = query.where(column == value)
    if states is not None:
        query = query.where(d.state.in_(list(states)))
    return [delivery(row._mapping) for row in connection.execute(query)]


def attempts_of(connection: Connection, delivery_id: int) -> list[Attempt]:
    """Every try of one delivery, oldest first."""
    a = attempts.c
    query = select(attempts).where(a.delivery_id == delivery_id).order_by(a.id)
    return [Attempt(**row._mapping) for row in connection.execute(query)]


def audit_entries(connection: Connection, limit: int) -> list[AuditEntry]:
    """The last entries, newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def vendor_ids(
    connection: Connection, destination: str, kind: str, keys: Iterable[str]
) -> dict[str, str]:
    """The vendor's ids of these entities, as far as we know them."""
    e = entities.c
    query = select(e.entity_key, e.vendor_id).where(
        e.destination == destination,
        e.object_kind == kind,
        e.entity_key.in_(sorted(set(keys))),
        e.vendor_id.is_not(None),
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def last_sent(
    connection: Connection, destination: str, action: str, keys: Iterable[str]
) -> dict[str, str]:
    """The payload that was delivered last, by entity."""
    d = deliveries.c
    newest = (
        select(func.max(d.id))
        .where(d.destination == destination, d.action == action, d.state == State.DELIVERED)
        .where(d.entity_key.in_(sorted(set(keys))))
        .group_by(d.entity_key)
    )
    found = connection.execute(select(d.entity_key, d.payload).where(d.id.in_(newest)))
    return {row.entity_key: row.payload for row in found}


def alive(
    connection: Connection, destination: str, action: str, keys: Iterable[str]
) -> frozenset[str]:
    """Which of these entities are wanted: delivered and not gone since, or queued."""
    e, d = entities.c, deliveries.c
    wanted = sorted(set(keys))
    delivered = select(e.entity_key).where(
        e.destination == destination,
        e.object_kind == object_kind(action),
        e.entity_key.in_(wanted),
        e.gone_at.is_(None),
    )
    queued = select(d.entity_key).where(
        d.destination == destination,
        d.action == action,
        d.entity_key.in_(wanted),
        d.state.in_([State.PENDING, State.IN_FLIGHT, State.UNKNOWN, State.HELD]),
    )
    return frozenset(connection.scalars(union(delivered, queued)))
