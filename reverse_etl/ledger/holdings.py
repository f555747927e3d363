"""What the ledger holds of one activation table: all of it, or as much as some people's rows can
touch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    bindparam,
    func,
    select,
    true,
)

from reverse_etl import catalogue
from reverse_etl.ledger.engine import PAGE
from reverse_etl.ledger.plan import History, Known
from reverse_etl.ledger.schema import deliveries, entities
from reverse_etl.model import State, object_kind

_WAITING = (State.PENDING, State.HELD)
_BUSY = (State.IN_FLIGHT, State.UNKNOWN)
_SETTLED = (State.DELIVERED, State.DEAD, State.CANCELLED)
_DESTINATION = bindparam("destination", type_=String)
_OF = bindparam("of", type_=String)


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
    query = _queue(tuple(states), d.person_id if people is not None else None)
    return [
        (Waiting(*row[:4]), row.state)
        for asked in _asked(destination, action, people)
        for row in connection.execute(query, asked)
    ]


def _newest(
    connection: Connection,
    destination: str,
    action: str,
    states: Iterable[State],
    keys: Collection[str] | None,
) -> dict[str, Known]:
    d = deliveries.c
    query = _latest(tuple(states), d.entity_key if keys is not None else None)
    return {
        row[1]: Known(row[0], row[1], row[2], State(row[3]), *row[4:])
        for asked in _asked(destination, action, keys)
        for row in connection.execute(query, asked)
    }


def _entities(
    connection: Connection, destination: str, action: str, keys: Collection[str] | None
) -> list[tuple[str, str | None, datetime | None]]:
    query = _known_entities(entities.c.entity_key if keys is not None else None)
    return [
        (row.entity_key, row.payload_hash, row.gone_at)
        for asked in _asked(destination, object_kind(action), keys)
        for row in connection.execute(query, asked)
    ]


def _asked(destination: str, of: str, values: Collection[str] | None) -> Iterator[dict[str, Any]]:
    """Parameters, page by page where only some values are asked for."""
    table = {"destination": destination, "of": of}
    if values is None:
        yield table
        return
    ordered = sorted(values)
    for start in range(0, len(ordered), PAGE):
        yield table | {"values": ordered[start : start + PAGE]}


# Statements are made once: to make one takes longer than to ask about a few people.
@cache
def _queue(states: tuple[State, ...], among: Column[str] | None) -> Select[Any]:
    d = deliveries.c
    return (
        select(d.id, d.entity_key, d.person_id, d.mode, d.state)
        .where(d.destination == _DESTINATION, d.action == _OF)
        .where(d.state.in_(states), _within(among))
    )


@cache
def _latest(states: tuple[State, ...], among: Column[str] | None) -> Select[Any]:
    d = deliveries.c
    newest = (
        select(func.max(d.id))
        .where(d.destination == _DESTINATION, d.action == _OF)
        .where(d.state.in_(states), _within(among))
        .group_by(d.entity_key)
    )
    tried = d.last_attempt_at.is_not(None) & d.code.is_distinct_from(catalogue.REFERENCE_NOT_SYNCED)
    columns = (d.id, d.entity_key, d.person_id, d.state, d.code, d.payload_hash, tried, d.message)
    return select(*columns).where(d.id.in_(newest))


@cache
def _known_entities(among: Column[str] | None) -> Select[Any]:
    e = entities.c
    return select(e.entity_key, e.payload_hash, e.gone_at).where(
        e.destination == _DESTINATION, e.object_kind == _OF, _within(among)
    )


def _within(among: Column[str] | None) -> ColumnElement[bool]:
    return true() if among is None else among.in_(bindparam("values", expanding=True))
