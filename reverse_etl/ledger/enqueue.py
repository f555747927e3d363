"""Bring the queue in line with an activation table: linear in its rows, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, insert, update

from reverse_etl import catalogue
from reverse_etl.ledger import awaited, positions
from reverse_etl.ledger.awaited import Asked
from reverse_etl.ledger.engine import notify, upsert
from reverse_etl.ledger.plan import Goal, Step
from reverse_etl.ledger.planned import Planned
from reverse_etl.ledger.schema import NEVER, counters, deliveries, entities
from reverse_etl.ledger.scope import Scope, of_complete
from reverse_etl.model import ActivationRow, Admission, State
from reverse_etl.reports import EnqueueReport

_PAGE = 5_000
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
    renewals: list[tuple[int, ActivationRow]] = field(default_factory=list)
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
        if step.renew is not None:
            self.renewals.append((step.renew, row))
        if not (step.insert or step.move):
            self.count("stale" if step.stale else "unchanged")

    def retire(self, delivery_id: int, mode: str) -> None:
        if mode == "state":
            self.supersede(delivery_id, catalogue.NOT_WANTED)
            return
        self.moves.append((delivery_id, Goal(State.CANCELLED, catalogue.NOT_WANTED)))
        self.count("cancelled")

    def supersede(self, delivery_id: int, code: str) -> None:
        self.moves.append((delivery_id, Goal(State.SUPERSEDED, code)))
        self.count("superseded")


def enqueue_complete(
    connection: Connection,
    rows: Sequence[ActivationRow],
    *,
    destination: str,
    action: str,
    now: datetime,
    admission: Admission,
    as_of: int | None,
) -> EnqueueReport:
    """See Ledger.enqueue."""
    reader = positions.table(destination, action)
    told = enqueue(
        connection,
        rows,
        destination=destination,
        action=action,
        now=now,
        admission=admission,
        scope=of_complete(connection, reader, as_of),
    )
    if as_of is not None:
        positions.advance(connection, reader, as_of)
    return told


def enqueue(
    connection: Connection,
    rows: Sequence[ActivationRow],
    *,
    destination: str,
    action: str,
    now: datetime,
    admission: Admission,
    scope: Scope,
) -> EnqueueReport:
    """Bring what is queued for the people in scope in line with their rows."""
    changes = _Changes()
    planned = Planned(connection, rows, destination, action, admission, now, scope)
    steps = list(planned.steps())
    most = admission.approve_above
    if most is not None and sum(map(_goes_out, steps)) > most:
        steps = [(row, _for_approval(step)) for row, step in steps]
    for row, step in steps:
        changes.add(row, step)
    for waiting in planned.outdated():
        changes.retire(waiting.id, waiting.mode)
    upsert(connection, entities, planned.marks())
    _write(connection, destination, changes, now)
    if admission.asks is not None:
        new = [row for row, step in steps if _is_queued(step)]
        until = now + admission.asks
        asked = Asked(action, planned.wanted, new, scope, until)
        awaited.follow(connection, destination, asked, now)
    return EnqueueReport(**changes.counts)


def _goes_out(planned: tuple[ActivationRow, Step]) -> bool:
    wanted = planned[1].insert
    return wanted is not None and wanted.state is State.PENDING


def _is_queued(step: Step) -> bool:
    wanted = step.insert or (step.move[1] if step.move else None)
    return wanted is not None and wanted.state is State.PENDING


def _for_approval(step: Step) -> Step:
    if step.insert is None or step.insert.state is not State.PENDING:
        return step
    return replace(step, insert=Goal(State.HELD, catalogue.APPROVAL_NEEDED))


def _write(connection: Connection, destination: str, changes: _Changes, now: datetime) -> None:
    if changes.moves:
        connection.execute(_MOVE, [_moved(*move, now) for move in changes.moves])
        explained = [_explained(*move) for move in changes.moves if move[1].state in _WAITS]
        if explained:
            connection.execute(_EXPLAIN, explained)
    if changes.refreshes:
        connection.execute(_REFRESH, [_refreshed(*fresh, now) for fresh in changes.refreshes])
    if changes.renewals:
        connection.execute(_RENEW, [_renewed(*fresh, now) for fresh in changes.renewals])
    for start in range(0, len(changes.inserts), _PAGE):  # as parameters rows take much memory
        page = changes.inserts[start : start + _PAGE]
        connection.execute(insert(deliveries), [_inserted(*new, now) for new in page])
    if changes.inserts:
        grown = {"destination": destination, "name": "enqueued", "value": len(changes.inserts)}
        upsert(connection, counters, [grown], add=["value"])
    goals = [goal for _, goal in (*changes.inserts, *changes.moves)]
    if any(goal.state is State.PENDING for goal in goals):
        notify(connection)


_MOVE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(state=bindparam("b_state"), code=bindparam("b_code"), due_at=bindparam("b_due"))
    .values(updated_at=bindparam("b_now"))
)
_EXPLAIN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(message=bindparam("b_message"))
)
_WAITS = (State.HELD, State.PENDING)
_ONCE = {"destination", "action", "entity_key"}  # what a delivery is found by
_FIELDS = ActivationRow.__slots__
_CONTENT = [name for name in _FIELDS if name not in _ONCE]
_AROUND = [name for name in _CONTENT if name not in ("payload", "payload_hash")]


def _taking(names: Sequence[str]) -> Update:
    values: dict[str, Any] = {
        name: bindparam(f"b_{name}") for name in (*names, "urgency", "updated_at")
    }
    return update(deliveries).where(deliveries.c.id == bindparam("b_id")).values(values)


_REFRESH = _taking(_CONTENT)
_RENEW = _taking(_AROUND)


def _moved(delivery_id: int, wanted: Goal, now: datetime) -> dict[str, Any]:
    due = wanted.due_at or now
    told = {"b_state": wanted.state, "b_code": wanted.code, "b_due": due}
    return told | {"b_id": delivery_id, "b_now": now}


def _explained(delivery_id: int, wanted: Goal) -> dict[str, Any]:
    """What held it back is told as long as it does."""
    return {"b_id": delivery_id, "b_message": wanted.message}


def _refreshed(delivery_id: int, row: ActivationRow, now: datetime) -> dict[str, Any]:
    return _taken(_CONTENT, delivery_id, row, now)


def _renewed(delivery_id: int, row: ActivationRow, now: datetime) -> dict[str, Any]:
    return _taken(_AROUND, delivery_id, row, now)


def _taken(
    names: Sequence[str], delivery_id: int, row: ActivationRow, now: datetime
) -> dict[str, Any]:
    fresh = {f"b_{name}": getattr(row, name) for name in names}
    urgency = row.deadline_at or NEVER
    return fresh | {"b_id": delivery_id, "b_urgency": urgency, "b_updated_at": now}


def _inserted(row: ActivationRow, wanted: Goal, now: datetime) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS} | {
        "state": wanted.state,
        "code": wanted.code,
        "message": wanted.message,
        "due_at": wanted.due_at or now,
        "urgency": row.deadline_at or NEVER,
        "created_at": now,
        "updated_at": now,
    }
