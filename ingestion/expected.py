"""Since when events of a source are expected: one that never sends leaves no other trace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ingestion.event_log import EventLog
from ingestion.event_log.model import Kind, from_micros, to_micros
from ingestion.event_log.unavailable import unavailable

_METADATA = MetaData()
_EXPECTED = Table(
    "expected_sources",
    _METADATA,
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """How events of a source come: its webhooks, or pulls of its API."""

    source: str
    kind: Kind


def since(log: EventLog, ways: Collection[Way], now: datetime) -> Mapping[Way, datetime]:
    """When each of these was first seen configured; a new one is noted as of now. None is ever
    forgotten: another process of the installation may know other settings.

    Raises LogUnavailableError.
    """
    reader, writer = log.engines
    with unavailable():
        _METADATA.create_all(writer)
        with reader.begin() as connection:
            known = _known(connection)
        new = sorted(set(ways) - known.keys())
        if new:
            with writer.begin() as connection:
                _note(connection, new, now)
                known = _known(connection)
    return {way: known[way] for way in sorted(set(ways))}


def _known(connection: Connection) -> dict[Way, datetime]:
    rows = connection.execute(select(_EXPECTED)).all()
    return {Way(row.source, row.kind): from_micros(row.since) for row in rows}


def _note(connection: Connection, new: Sequence[Way], now: datetime) -> None:
    """The first to note it is right."""
    made = postgres_insert if connection.dialect.name == "postgresql" else sqlite_insert
    rows = [{**asdict(way), "since": to_micros(now)} for way in new]
    connection.execute(made(_EXPECTED).on_conflict_do_nothing(), rows)
