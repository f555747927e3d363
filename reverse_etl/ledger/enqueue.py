"""Bring the queue in line with a complete activation table: linear in its rows, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from reverse_etl import catalogue
from reverse_etl.ledger.consents import current_statuses
from reverse_etl.ledger.engine import upsert
from reverse_etl.ledger.plan import Goal, History, Known, Step, goal, plan_event, plan_state
from reverse_etl.ledger.schema import NEVER, counters, deliveries, entities
from reverse_etl.model import ActivationRow, EnqueueReport, State, object_kind

_WAITING = (State.PENDING, State.HELD)
_BUSY = (State.IN_FLIGHT, State.UNKNOWN)
_SETTLED = (State.DELIVERED, State.DEAD, State.CANCELLED)
_REPORTED = {
    State.PENDING: "inserted",
    State.CANCELLED: "cancelled",
    State.DEAD: "expired",
    State.HELD: "held",
}


@dataclass(slots=True)
class _Changes:
    """What a plan adds up to."""

    inserts: list[tuple[ActivationRow, Goal]] = field(default_factory=list)
    moves: list[tuple[int, Goal]] = field(default_factory=list)
    refreshes: list[tuple[int, ActivationRow]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def add(self, row: ActivationRow, step: Step) -> None:
        if step.insert:
            self.inserts.append((row, step.insert))
            self.count(_REPORTED[step.insert.state])
        if step.supersede is not None:
            self.supersede(step.supersede, catalogue.REPLACED)
        if step.move:
            self.moves.append(step.move)
            state = step.move[1].state
            self.count("reopened" if state is State.PENDING else _REPORTED[state])
        if step.refresh is not None:
            self.refreshes.append((step.refresh, row))
        if not (step.insert or step.move):
            self.count("unchanged")

    def retire(self, delivery_id: int, mode: str) -> None:
        if mode == "state":
            self.supersede(delivery_id, catalogue.NOT_WANTED)
            return
        self.moves.append((delivery_id, Goal(State.CANCELLED, catalogue.NOT_WANTED)))
        self.count("cancelled")

    def supersede(self, delivery_id: int, code: str) -> None:
        self.moves.append((delivery_id, Goal(State.SUPERSEDED, code)))
        self.count("superseded")


def enqueue(
    connection: Connection,
    rows: Sequence[ActivationRow],
    *,
    destination: str,
    action: str,
    now: datetime,
    held: Mapping[str, str],
) -> EnqueueReport:
    """See Ledger.enqueue."""
    rows = sorted(rows, key=lambda row: row.order_key)
    consents = current_statuses(connection)
    goals = [
        goal(row, held=held, current_consent=consents.get((row.person_id, row.purpose)), now=now)
        for row in rows
    ]
    histories = _histories(connection, destination, action)
    changes = _Changes()
    for row, wanted in zip(rows, goals, strict=True):
        changes.add(row, _plan(row, wanted, histories.get(row.entity_key)))
    keys = {row.entity_key for row in rows}
    _retire(connection, destination, action, keys, histories, changes, now)
    _write(connection, destination, changes, now)
    return EnqueueReport(**changes.counts)


def _plan(row: ActivationRow, wanted: Goal, history: History | None) -> Step:
    history = history or History()
    if row.mode == "state":
        return plan_state(row, wanted, history)
    return plan_event(row, wanted, history.waiting or history.busy or history.settled)


def _histories(connection: Connection, destination: str, action: str) -> dict[str, History]:
    waiting = _newest(connection, destination, action, _WAITING)
    busy = _newest(connection, destination, action, _BUSY)
    settled = _newest(connection, destination, action, _SETTLED)
    hashes = dict(_delivered_hashes(connection, destination, action))
    return {
        key: History(waiting.get(key), busy.get(key), settled.get(key), hashes.get(key))
        for key in waiting.keys() | busy.keys() | settled.keys() | hashes.keys()
    }


def _newest(
    connection: Connection, destination: str, action: str, states: Iterable[State]
) -> dict[str, Known]:
    d = deliveries.c
    newest = (
        select(func.max(d.id))
        .where(d.destination == destination, d.action == action, d.state.in_(list(states)))
        .group_by(d.entity_key)
    )
    tried = d.last_attempt_at.is_not(None) & d.code.is_distinct_from(catalogue.CONTACT_NOT_SYNCED)
    columns = (d.id, d.entity_key, d.state, d.code, d.payload_hash, tried)
    found = connection.execute(select(*columns).where(d.id.in_(newest)))
    return {row[1]: Known(row[0], row[1], State(row[2]), *row[3:]) for row in found}


def _delivered_hashes(
    connection: Connection, destination: str, action: str
) -> Iterator[tuple[str, str]]:
    e = entities.c
    query = select(e.entity_key, e.payload_hash).where(
        e.destination == destination,
        e.object_kind == object_kind(action),
        e.payload_hash.is_not(None),
    )
    return (tuple(row) for row in connection.execute(query))


def _retire(
    connection: Connection,
    destination: str,
    action: str,
    keys: set[str],
    histories: Mapping[str, History],
    changes: _Changes,
    now: datetime,
) -> None:
    """Rows that nobody wants any more leave the queue, and their entities are marked.

    An event is cancelled, not superseded: it has one delivery for ever, which may be wanted again
    (a deal is lost before its conversion was sent, and won once more).
    """
    d, e = deliveries.c, entities.c
    scope = (d.destination == destination, d.action == action)
    waiting = connection.execute(
        select(d.id, d.entity_key, d.mode).where(*scope, d.state.in_(list(_WAITING)))
    )
    for delivery_id, key, mode in waiting:
        if key not in keys:
            changes.retire(delivery_id, mode)
    known = connection.execute(
        select(e.entity_key, e.gone_at).where(
            e.destination == destination, e.object_kind == object_kind(action)
        )
    )
    marks = [
        {
            "destination": destination,
            "object_kind": object_kind(action),
            "entity_key": key,
            "gone_at": None if key in keys else now,
        }
        for key, gone_at in known
        if (gone_at is None) != (key in keys)
    ]
    upsert(connection, entities, marks)


def _write(connection: Connection, destination: str, changes: _Changes, now: datetime) -> None:
    if changes.moves:
        connection.execute(_MOVE, [_moved(*move, now) for move in changes.moves])
    if changes.refreshes:
        connection.execute(_REFRESH, [_refreshed(*fresh, now) for fresh in changes.refreshes])
    if changes.inserts:
        connection.execute(insert(deliveries), [_inserted(*new, now) for new in changes.inserts])
        grown = {"destination": destination, "name": "enqueued", "value": len(changes.inserts)}
        upsert(connection, counters, [grown], add=["value"])


_MOVE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(state=bindparam("b_state"), code=bindparam("b_code"), due_at=bindparam("b_now"))
    .values(updated_at=bindparam("b_now"))
)
_ONCE = {"destination", "action", "mode", "entity_key", "purpose"}  # never change afterwards
_FIELDS = ActivationRow.__slots__
_CONTENT = [name for name in _FIELDS if name not in _ONCE]
_REFRESH = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in (*_CONTENT, "urgency", "updated_at")})
)


def _moved(delivery_id: int, wanted: Goal, now: datetime) -> dict[str, Any]:
    return {"b_id": delivery_id, "b_state": wanted.state, "b_code": wanted.code, "b_now": now}


def _refreshed(delivery_id: int, row: ActivationRow, now: datetime) -> dict[str, Any]:
    fresh = {f"b_{name}": getattr(row, name) for name in _CONTENT}
    urgency = row.deadline_at or NEVER
    return fresh | {"b_id": delivery_id, "b_urgency": urgency, "b_updated_at": now}


def _inserted(row: ActivationRow, wanted: Goal, now: datetime) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS} | {
        "state": wanted.state,
        "code": wanted.code,
        "due_at": now,
        "urgency": row.deadline_at or NEVER,
        "created_at": now,
        "updated_at": now,
    }
