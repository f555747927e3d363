"""Whom a table speaks about: a table as of a position never overrules what was told as of a later
one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from reverse_etl.ledger import positions
from reverse_etl.ledger.engine import within
from reverse_etl.ledger.schema import lane_people


@dataclass(frozen=True, slots=True)
class Scope:
    """`people`: only these, None: everybody; `newer`: but those of whom something newer is known,
    who are left alone."""

    people: frozenset[str] | None = None
    newer: frozenset[str] = frozenset()

    def covers(self, person: str | None) -> bool:
        """Whether the table speaks about this person; nobody (None) belongs to a whole table."""
        return person not in self.newer and (self.people is None or person in self.people)


EVERYBODY: Final = Scope()
_NOBODY: Final = Scope(frozenset())


def of_complete(connection: Connection, reader: str, as_of: int | None) -> Scope:
    """That of a complete table as of a log position; one that is older than the last says
    nothing."""
    if as_of is None:
        return EVERYBODY
    if as_of < positions.of(connection, reader):
        return _NOBODY
    return Scope(newer=told_since(connection, as_of))


def told_since(
    connection: Connection, position: int, people: Collection[str] | None = None
) -> frozenset[str]:
    """Of these people, by default of all, those whom the fast lane told about as of a later
    position."""
    p = lane_people.c
    query = select(p.person_id).where(p.position > position)
    return frozenset(
        person
        for theirs in within(p.person_id, people)
        for person in connection.scalars(query.where(theirs))
    )
