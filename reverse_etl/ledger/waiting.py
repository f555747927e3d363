"""Rows that wait until what they refer to is at the destination."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import ColumnElement, Connection, and_, literal, select, update

from reverse_etl import catalogue
from reverse_etl.ledger.queries import vendor_ids
from reverse_etl.ledger.schema import deliveries
from reverse_etl.model import Delivery, State, object_kind
from reverse_etl.payload import refers_to

_PAGE: Final = 5_000  # rows; databases limit the parameters of a statement
_References = Mapping[str, str]


def wake(connection: Connection, delivered: Sequence[Delivery], now: datetime) -> None:
    """What waited for these objects of one destination alone is due at once.

    A row that waits for another one besides is left to that: each try in vain costs an attempt.
    """
    if not delivered:
        return
    destination = delivered[0].destination
    there = {(object_kind(row.action), row.entity_key) for row in delivered}
    named = {
        number: told
        for number, told in _waiting(connection, destination).items()
        if not there.isdisjoint(told.items())
    }
    numbers = list(named)
    for start in range(0, len(numbers), _PAGE):
        page = {number: named[number] for number in numbers[start : start + _PAGE]}
        _make_due(connection, _complete(connection, destination, page), now)


def _waiting(connection: Connection, destination: str) -> dict[int, _References]:
    """The waiting rows, and what each refers to; found by an index of such rows alone."""
    d = deliveries.c
    query = select(d.id, d.payload).where(d.destination == destination, _is_waiting())
    return {
        number: refers_to(orjson.loads(payload)) for number, payload in connection.execute(query)
    }


def _is_waiting() -> ColumnElement[bool]:
    """As the index says it: SQLite does not see that a parameter means the same."""
    d = deliveries.c
    return and_(
        d.state == literal(State.PENDING.value, literal_execute=True),
        d.code == literal(catalogue.REFERENCE_NOT_SYNCED, literal_execute=True),
    )


def _complete(
    connection: Connection, destination: str, named: Mapping[int, _References]
) -> list[int]:
    """The rows of which all that they refer to is there."""
    keys: dict[str, set[str]] = defaultdict(set)
    for told in named.values():
        for kind, key in told.items():
            keys[kind].add(key)
    known = {kind: vendor_ids(connection, destination, kind, keys[kind]) for kind in sorted(keys)}
    return [
        number
        for number, told in named.items()
        if all(key in known[kind] for kind, key in told.items())
    ]


def _make_due(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    if numbers:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(numbers), _is_waiting())
            .values(due_at=now, code=None, updated_at=now)
        )
