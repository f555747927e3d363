"""Opening a database so that what is committed stays, and the two things that differ by engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from reverse_etl.errors import LedgerUnavailableError
from reverse_etl.ledger.schema import metadata

_BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """An engine whose schema exists. Raises LedgerUnavailableError."""
    try:
        engine = _create(url)
        with engine.begin() as connection:
            metadata.create_all(connection)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise LedgerUnavailableError(
            "The address of the ledger cannot be understood.",
            remedy="Give it as sqlite:////absolute/path/ledger.db or postgresql://…",
        ) from error
    except (OperationalError, OSError) as error:
        raise _unavailable(error) from error
    return engine


def _create(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_immediate
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later could fail half way on another writer's lock.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction; raises LedgerUnavailableError when the database refuses."""
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> LedgerUnavailableError:
    cause = error.orig if isinstance(error, OperationalError) else error
    return LedgerUnavailableError(f"The ledger cannot be used: {cause}.")


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, add: Sequence[str] = ()
) -> None:
    """Insert rows, or update the columns given; columns in `add` grow by the given value."""
    if not rows:
        return
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    changes: dict[str, Any] = {
        name: statement.excluded[name] for name in rows[0] if name not in (*keys, *add)
    }
    changes |= {name: table.c[name] + statement.excluded[name] for name in add}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows)
    )
