"""Tables of the event log, and the few things that differ between databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.sql.dml import Insert

METADATA = MetaData()

EVENTS = Table(
    "events",
    METADATA,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("headers", Text, nullable=False, comment="JSON object"),
    Column("body", LargeBinary, nullable=False, comment="as received"),
    Column("body_hash", Text, nullable=False, comment="SHA-256, hex"),
    Column("correlation_id", Text, nullable=False),
    Column("historical", Boolean, nullable=False),
    UniqueConstraint("source", "event_key", name="uq_events_source_event_key"),
    # Counts and "last event of a source" come from this index, without touching bodies.
    Index("ix_events_source_kind", "source", "kind", "position"),
    Index("ix_events_correlation_id", "correlation_id"),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# How long a writer waits for another process (an import, say) before the log counts as busy.
_BUSY_TIMEOUT_MS = 5_000
_BEGIN = "millrace_begin"


def open_engines(url: str) -> tuple[Engine, Engine]:
    """Engines for reading and for writing, on one pool; makes the schema when it is missing.

    A write takes SQLite's write lock at its beginning: upgrading a read lock later can fail
    half way through, at once and whatever the time-out.
    """
    _make_parent(url)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    writer = engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
    with writer.begin() as connection:
        METADATA.create_all(connection)
    return engine, writer


def add_to_counters() -> Insert:
    """Insert counters, adding to those that are there."""
    insert = sqlite_insert(COUNTERS)
    return insert.on_conflict_do_update(
        index_elements=[COUNTERS.c.source, COUNTERS.c.name, COUNTERS.c.code],
        set_={"value": COUNTERS.c.value + insert.excluded.value},
    )


def _make_parent(url: str) -> None:
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_connection(connection: sqlite3.Connection, _record: Any) -> None:
    """Durable commits, readers beside the writer, and transactions that we begin ourselves."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # the default NORMAL of WAL may lose acknowledged events
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
