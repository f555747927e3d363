"""Tables of the API, in the event log's database: what an answer promises lives as long as it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Engine, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ingestion.errors import LogUnavailableError

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


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what the database says into our error, without the values of the statement."""
    try:
        yield
    except DBAPIError as error:
        # PostgreSQL puts values into the lines behind the first one.
        reason = next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
        raise LogUnavailableError(f"The event log cannot be used: {reason}.") from error
    except SQLAlchemyError as error:
        raise LogUnavailableError(f"The event log gave no connection: {error.code}.") from error
    except OSError as error:
        raise LogUnavailableError(f"The event log cannot be used: {error.strerror}.") from error
