"""Questions about people to whose answers other rows of these people wait.

Each stands here from when it is put into the queue until its answer has been worked off, which
shows in that its table asks no more, or cannot come in time. Rows that wait hold the time limit
themselves, as the time at which they are due: a question that nobody takes away delays nobody
longer. A destination's questions change under that destination's turn; others only read them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select

from reverse_etl import awaiting, catalogue
from reverse_etl.health import Health
from reverse_etl.ledger import health as _health
from reverse_etl.ledger import switches
from reverse_etl.ledger.engine import upsert, within
from reverse_etl.ledger.schema import awaited, deliveries
from reverse_etl.ledger.scope import Scope
from reverse_etl.ledger.settle import Settlement
from reverse_etl.model import ActivationRow, State

_GIVEN_UP: Final = (State.CANCELLED, State.DEAD, State.HELD)
_Question = Row[tuple[str, str, datetime]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a table of questions says, once it is in the queue: its keys, those of its rows that
    were queued just now, about whom it speaks, and until when others wait for these."""

    action: str
    keys: Collection[str]
    new: Sequence[ActivationRow]
    scope: Scope
    until: datetime


def limits(
    connection: Connection, people: Collection[str] | None, now: datetime
) -> dict[str, datetime]:
    """Until when rows of these people, by default of all, wait; who is not there does not."""
    a = awaited.c
    latest = select(a.person_id, func.max(a.until)).where(a.until > now).group_by(a.person_id)
    return {
        row[0]: row[1]
        for theirs in within(a.person_id, people)
        for row in connection.execute(latest.where(theirs))
    }


def is_due(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a delivery is due: by its time, or because what it waited for is there."""
    d = deliveries.c
    return or_(d.due_at <= now, is_answered())


def is_answered() -> ColumnElement[bool]:
    """Whether a delivery waited, and no question about its person is open any more."""
    return and_(_was_waiting(), ~_is_asked_about())


def is_waiting(now: datetime) -> ColumnElement[bool]:
    """Whether a delivery waits, and rightly."""
    return and_(_was_waiting(), deliveries.c.due_at > now, _is_asked_about())


def ripe(connection: Connection, destination: str, now: datetime) -> int | None:
    """The newest delivery that waited and may go by now; None when there is none."""
    d = deliveries.c
    pending = (d.destination == destination) & (d.state == State.PENDING)
    newest = select(func.max(d.id)).where(pending, _was_waiting(), is_due(now))
    found: int | None = connection.scalar(newest)
    return found


def follow(connection: Connection, destination: str, asked: Asked, now: datetime) -> None:
    """Rows wait for what was queued just now, and no more for what is not asked any more."""
    _drop(connection, destination, _outdated(connection, destination, asked, now))
    if not asked.new or switches.is_off(connection, destination):
        return
    if awaiting.may_answer(_health.of(connection, destination), asked.until):
        upsert(connection, awaited, [_row(destination, row, asked.until) for row in asked.new])


def settled(
    connection: Connection, destination: str, settlements: Sequence[Settlement], health: Health
) -> None:
    """Nobody waits for questions that ended so, nor for any while the destination is ill."""
    ended = {item.delivery.entity_key: item for item in settlements}
    over = [
        question.entity_key
        for question in _of(connection, destination)
        if not awaiting.may_answer(health, question.until)
        or not _is_open(ended.get(question.entity_key), question.until)
    ]
    _drop(connection, destination, over)


def _was_waiting() -> ColumnElement[bool]:
    return deliveries.c.code.is_not_distinct_from(catalogue.AWAITING_ENRICHMENT)


def _is_asked_about() -> ColumnElement[bool]:
    """The row itself knows its time limit, so here it does not matter."""
    return select(awaited.c.until).where(awaited.c.person_id == deliveries.c.person_id).exists()


def _is_open(settlement: Settlement | None, until: datetime) -> bool:
    if settlement is None:
        return True
    return awaiting.is_open(settlement.decision, settlement.outcome, until)


def _of(connection: Connection, destination: str) -> Sequence[_Question]:
    a = awaited.c
    query = select(a.entity_key, a.person_id, a.until).where(a.destination == destination)
    return connection.execute(query).all()


def _outdated(
    connection: Connection, destination: str, asked: Asked, now: datetime
) -> Collection[str]:
    known = _of(connection, destination)
    covered = {each.entity_key for each in known if asked.scope.covers(each.person_id)}
    late = {each.entity_key for each in known if each.until <= now}
    given_up = _given_up(connection, destination, asked.action, covered)
    return late | covered.difference(asked.keys) | given_up


def _given_up(
    connection: Connection, destination: str, action: str, keys: Collection[str]
) -> set[str]:
    d = deliveries.c
    query = (
        select(d.entity_key)
        .where(d.destination == destination, d.action == action)
        .where(d.state.in_(_GIVEN_UP))
    )
    return {
        key for page in within(d.entity_key, keys) for key in connection.scalars(query.where(page))
    }


def _drop(connection: Connection, destination: str, keys: Collection[str]) -> None:
    mine = awaited.c.destination == destination
    for page in within(awaited.c.entity_key, keys):
        connection.execute(delete(awaited).where(mine, page))


def _row(destination: str, row: ActivationRow, until: datetime) -> dict[str, object]:
    return {
        "destination": destination,
        "entity_key": row.entity_key,
        "person_id": row.person_id,
        "until": until,
    }
