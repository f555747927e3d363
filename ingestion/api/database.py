"""Tables of the API, in the event log's database: what an answer promises lives as long as it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Engine, Integer, LargeBinary, MetaData, Table, Text

from ingestion.event_log.unavailable import unavailable

METADATA = MetaData()

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, comment="SHA-256, hex"),
    Column("scopes", Text, nullable=False, comment="separated by spaces"),
    Column("rate", Integer, nullable=False, comment="requests a minute"),
    Column("created_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

API_REQUESTS = Table(
    "api_requests",
    METADATA,
    Column("api_key_id", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False, comment="SHA-256, hex"),
    Column("holder", Text, nullable=False, comment="who handles it, or did"),
    Column("reserved_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("answer", LargeBinary, comment="none while it is handled"),
)


def make_tables(writer: Engine) -> None:
    """Make what is missing; the writer's lock keeps two processes apart. LogUnavailableError."""
    with unavailable():
        METADATA.create_all(writer)
