"""Opening a database so that what is committed stays, and what differs by engine.

Writers take turns: in SQLite by its write lock; in PostgreSQL by advisory locks, one a destination,
taken in one order, so that no two transactions can wait for each other and a busy destination
delays only itself.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from reverse_etl.errors import LedgerUnavailableError
from reverse_etl.ledger.migrations import upgrade

CHANNEL: Final = "millrace_ledger"
"""Where PostgreSQL tells that there is something to send."""

_BUSY_SECONDS: Final = 30
PAGE: Final = 5_000  # databases take some ten thousand parameters at once
_READ_ONLY: Final = "millrace_read_only"
_POSTGRES_SETTINGS: Final = (
    "client_encoding=UTF8",  # of a database in SQL_ASCII, text would come as bytes
    "synchronous_commit=on",
    f"lock_timeout={_BUSY_SECONDS}s",
    "idle_in_transaction_session_timeout=60s",
    "timezone=UTC",
)
# Whoever writes to one destination shares this lock; whoever writes to all takes it alone.
_EVERYBODY: Final = "every destination"


def open_engine(url: str) -> Engine:
    """An engine whose schema is the newest. Raises LedgerUnavailableError or LedgerNewerError."""
    try:
        engine = _create(make_url(url))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise LedgerUnavailableError(
            "The address of the ledger cannot be understood.",
            remedy="Give it as sqlite:////absolute/path/ledger.db or postgresql://…",
        ) from error
    except OSError as error:
        raise _unavailable(error) from error
    try:
        with writing(engine) as connection:
            upgrade(connection)
    except BaseException as error:
        engine.dispose()
        if isinstance(error, DBAPIError):  # a file that is no database, say
            raise _unavailable(error) from error
        raise
    return engine


def _create(url: URL) -> Engine:
    if url.get_backend_name() in ("postgresql", "postgres"):  # the latter from hosting providers
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            connect_args={"options": " ".join(f"-c {setting}" for setting in _POSTGRES_SETTINGS)},
        )
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for its own lock here: of many who open a new file, it refuses some."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later could fail half way on another writer's lock.
    reads = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that changes nothing and waits for no writer.

    Raises LedgerUnavailableError when the database refuses.
    """
    with _transaction(engine.execution_options(**{_READ_ONLY: True})) as connection:
        yield connection


@contextmanager
def writing(engine: Engine, *destinations: str) -> Iterator[Connection]:
    """One transaction that may change rows of these destinations, by default of all.

    Raises LedgerUnavailableError when the database refuses.
    """
    with _transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            _wait_for_turn(connection, destinations)
        yield connection


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        raise _unavailable(error) from error


def _wait_for_turn(connection: Connection, destinations: Sequence[str]) -> None:
    alone = "pg_advisory_xact_lock"
    if not destinations:
        connection.execute(text(f"select {alone}(:key)"), {"key": _lock_key(_EVERYBODY)})
        return
    first, *others = sorted(set(destinations))  # one order for all: nobody waits in a circle
    keys = {"shared": _lock_key(_EVERYBODY), "own": _lock_key(first)}
    connection.execute(text(f"select {alone}_shared(:shared), {alone}(:own)"), keys)
    for other in others:
        connection.execute(text(f"select {alone}(:key)"), {"key": _lock_key(other)})


def notify(connection: Connection) -> None:
    """Tell dispatchers on any machine, with the commit, that there is something to send."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})


def _lock_key(name: str) -> int:
    """A number that nobody else uses."""
    digest = hashlib.sha256(f"millrace ledger: {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _unavailable(error: Exception) -> LedgerUnavailableError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return LedgerUnavailableError(f"The ledger cannot be used: {cause}.")


def insert_or(connection: Connection, table: Table) -> Any:
    """An insert that can say what to do with rows that are there already."""
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    return insert(table)


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, add: Sequence[str] = ()
) -> None:
    """Insert rows, or update the columns given; columns in `add` grow by the given value."""
    if not rows:
        return
    statement = insert_or(connection, table)
    keys = [column.name for column in table.primary_key]
    changes: dict[str, Any] = {
        name: statement.excluded[name] for name in rows[0] if name not in (*keys, *add)
    }
    changes |= {name: table.c[name] + statement.excluded[name] for name in add}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows)
    )


def within(column: ColumnElement[Any], values: Collection[Any] | None) -> Iterator[Any]:
    """Conditions, page by page, that a column is among these values; None: one that all fulfil."""
    if values is None:
        yield true()
        return
    ordered = sorted(values)
    for start in range(0, len(ordered), PAGE):
        yield column.in_(ordered[start : start + PAGE])
