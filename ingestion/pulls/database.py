"""Tables of pulls, in the event log's database: how far they are, and what each one did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

CURSORS = Table(
    "pull_cursors",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("begun_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("reached", BigInteger, comment="all that changed before was read"),
    Column("judged_until", BigInteger, comment="changes until then were held against webhooks"),
)

SEEN = Table(
    "pull_seen",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("object_id", Text, primary_key=True, comment="its SHA-256, hex: ids may name people"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the content, hex"),
    Column("seen_at", BigInteger, nullable=False, comment="when this content was seen first"),
)

RUNS = Table(
    "pull_runs",
    METADATA,
    Column(
        "id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("seconds", Float, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("dropped", Integer, nullable=False, comment="of which no webhook told in time"),
    Column("code", Text, comment="what went wrong"),
    Column("message", Text),
    Index("ix_pull_runs_source_kind", "source", "kind", "started_at"),
)
