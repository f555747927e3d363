"""As of which position of the event log something was told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection, Table, select

from reverse_etl.ledger.engine import insert_or, upsert
from reverse_etl.ledger.schema import positions

FAST_LANE: Final = "fast_lane"
CONSENTS: Final = "table:consents"


def table(destination: str, action: str) -> str:
    """The reader that stands for an activation table."""
    return f"table:{destination}:{action}"


def of(connection: Connection, reader: str) -> int:
    """0 when it never read."""
    query = select(positions.c.position).where(positions.c.reader == reader)
    return int(connection.scalar(query) or 0)


def all_of(connection: Connection) -> dict[str, int]:
    """By reader; who is not there never read."""
    rows = connection.execute(select(positions.c.reader, positions.c.position))
    return {row.reader: row.position for row in rows}


def put(connection: Connection, reader: str, position: int) -> None:
    """Set a reader's position, be it back."""
    upsert(connection, positions, [{"reader": reader, "position": position}])


def advance(connection: Connection, reader: str, position: int) -> None:
    """Set a reader's position unless it is further already."""
    raise_to(connection, positions, {reader: position})


def least(connection: Connection, readers: Collection[str]) -> int:
    """What all of these readers have reached."""
    reached = all_of(connection)
    return min((reached.get(reader, 0) for reader in readers), default=0)


def raise_to(connection: Connection, within: Table, values: Mapping[str, int]) -> None:
    """Write positions by the table's key; one that is further already stays."""
    if not values:
        return
    [key] = within.primary_key
    statement = insert_or(connection, within)
    further = statement.excluded.position
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={"position": further},
            where=within.c.position < further,
        ),
        [{key.name: name, "position": position} for name, position in sorted(values.items())],
    )
