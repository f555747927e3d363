"""Tables of the event log."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

EVENTS = Table(
    "events",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("source", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    # Before the body: SQLite then reads it without walking over that.
    Column("archived_in", Text, comment="file that holds headers and body instead"),
    Column("headers", Text, nullable=False, comment="JSON object"),
    Column("body", LargeBinary, nullable=False, comment="as received; empty when archived"),
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

VERSION: Final = 1
"""Of these tables; a change that an older release cannot read raises it."""

VERSIONS = Table(  # one row: the release that knows no such version must not write
    "log_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
