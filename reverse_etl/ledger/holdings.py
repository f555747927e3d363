"""What the ledger holds of one activation table: all of it, or as much as some people's rows can
touch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from reverse_etl import catalogue
from reverse_etl.ledger.engine import within
from reverse_etl.ledger.plan import History, Known
from reverse_etl.ledger.schema import deliveries, entities
from reverse_etl.model import State, object_kind

_WAITING = (State.PENDING, State.HELD)
_BUSY = (State.IN_FLIGHT, State.UNKNOWN)
_SETTLED = (State.DELIVERED, State.DEAD, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that is queued or held."""

    id: int
    entity_key: str
    person_id: str
    mode: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """`entities`: key → since when nobody wants it, None while somebody does."""

    waiting: tuple[Waiting, ...]
    histories: Mapping[str, History]
    entities: Mapping[str, datetime | None]


def of_all(connection: Connection, destination: str, action: str) -> Holdings:
    """All that the ledger holds of a table."""
    waiting = tuple(waits for waits, _ in _queued(connection, destination, action, None, _WAITING))
    return _holdings(connection, destination, action, waiting, None)


def of_people(
    connection: Connection,
    destination: str,
    action: str,
    people: Collection[str],
    wanted: Collection[str],
) -> Holdings:
    """Of these people and of wanted keys, whoever had those before."""
    states = (*_WAITING, *_BUSY, *_SETTLED)
    theirs = _queued(connection, destination, action, people, states)
    keys = {row.entity_key for row, _ in theirs}.union(wanted)
    if not keys:
        return Holdings((), {}, {})
    waiting = tuple(row for row, state in theirs if state in _WAITING)
    return _holdings(connection, destination, action, waiting, keys)


def _holdings(
    connection: Connection,
    destination: str,
    action: str,
    waiting: tuple[Waiting, ...],
    keys: Collection[str] | None,
) -> Holdings:
    found = _entities(connection, destination, action, keys)
    hashes = {key: payload_hash for key, payload_hash, _ in found if payload_hash is not None}
    waits, busy, settled = (
        _newest(connection, destination, action, states, keys)
        for states in (_WAITING, _BUSY, _SETTLED)
    )
    histories = {
        key: History(waits.get(key), busy.get(key), settled.get(key), hashes.get(key))
        for key in waits.keys() | busy.keys() | settled.keys() | hashes.keys()
    }
    return Holdings(waiting, histories, {key: gone_at for key, _, gone_at in found})


def _queued(
    connection: Connection,
    destination: str,
    action: str,
    people: Collection[str] | None,
    states: Iterable[State],
) -> list[tuple[Waiting, str]]:
    d = deliveries.c
    query = (
        select(d.id, d.entity_key, d.person_id, d.mode, d.state)
        .where(d.destination == destination, d.action == action)
        .where(d.state.in_(list(states)))
    )
    return [
        (Waiting(*row[:4]), row.state)
        for theirs in within(d.person_id, people)
        for row in connection.execute(query.where(theirs))
    ]


def _newest(
    connection: Connection,
    destination: str,
    action: str,
    states: Iterable[State],
    keys: Collection[str] | None,
) -> dict[str, Known]:
    d = deliveries.c
    newest = (
        select(func.max(d.id))
        .where(d.destination == destination, d.action == action, d.state.in_(list(states)))
        .group_by(d.entity_key)
    )
    tried = d.last_attempt_at.is_not(None) & d.code.is_distinct_from(catalogue.REFERENCE_NOT_SYNCED)
    columns = (d.id, d.entity_key, d.person_id, d.state, d.code, d.payload_hash, tried)
    return {
        row[1]: Known(row[0], row[1], row[2], State(row[3]), *row[4:])
        for page in within(d.entity_key, keys)
        for row in connection.execute(select(*columns).where(d.id.in_(newest.where(page))))
    }


def _entities(
    connection: Connection, destination: str, action: str, keys: Collection[str] | None
) -> list[tuple[str, str | None, datetime | None]]:
    e = entities.c
    query = select(e.entity_key, e.payload_hash, e.gone_at).where(
        e.destination == destination, e.object_kind == object_kind(action)
    )
    return [
        (row.entity_key, row.payload_hash, row.gone_at)
        for page in within(e.entity_key, keys)
        for row in connection.execute(query.where(page))
    ]
