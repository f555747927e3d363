"""What differs between SQLite and PostgreSQL; everything else is one code path.

In both, one writer at a time: positions are given in the order of commits, without holes, so a
reader that follows positions never passes one that becomes visible later. SQLite has a write lock;
in PostgreSQL a writer takes an advisory lock for its transaction. Group commit makes that cheap.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Text, create_engine, event, func, select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.sql import cast

from ingestion.errors import LogNewerError
from ingestion.event_log.schema import COUNTERS, EVENTS, METADATA, VERSION, VERSIONS

_BEGIN: Final = "millrace_begin"

CHANNEL: Final = "millrace_log"
"""Where PostgreSQL tells of new events."""

# How long a writer waits for another process (an import, say) before the log counts as busy.
_LOCK_WAIT_MS: Final = 5_000


class Database(Protocol):
    """One kind of database."""

    def engines(self, url: URL) -> tuple[Engine, Engine]:
        """Engines for reading and for writing, on one pool."""

    def stored(
        self, connection: Connection, source: str, keys: Sequence[str]
    ) -> Iterable[Sequence[Any]]:
        """``(event_key, position, body_hash)`` of those keys of a source that are stored."""

    def insert_events(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of ``events``, at least one."""

    def add_to_counters(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of ``counters``, at least one, adding to those that are there."""

    def body_contains(self, text: str) -> ColumnElement[bool]:
        """Whether a body contains the text, whatever the case of ASCII letters."""


def open_database(url: str) -> tuple[Database, Engine, Engine]:
    """The database at a URL, with engines for reading and writing; makes the schema when missing.

    ``sqlite:////absolute/path`` or ``postgresql://user@host/name``. Raises LogNewerError.
    """
    parsed = make_url(url)
    database: Database = _KINDS[parsed.get_backend_name()]()
    reader, writer = database.engines(parsed)
    with writer.begin() as connection:
        METADATA.create_all(connection)
        require_known(connection)
    return database, reader, writer


def require_known(connection: Connection) -> None:
    """Note our version in a log that has none; raise LogNewerError for one that is newer."""
    version = connection.scalar(select(func.max(VERSIONS.c.version)))
    if version is None:
        connection.execute(VERSIONS.insert(), [{"version": VERSION}])
    elif version > VERSION:
        raise LogNewerError(f"The event log is of version {version}, this release knows {VERSION}.")


class Sqlite:
    """A file beside the process."""

    def engines(self, url: URL) -> tuple[Engine, Engine]:
        """A write takes the write lock at its beginning: upgrading a read lock later can fail half
        way through, at once and whatever the time-out."""
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine, engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})

    def stored(
        self, connection: Connection, source: str, keys: Sequence[str]
    ) -> Iterable[Sequence[Any]]:
        """See ``Database``."""
        values = (source, orjson.dumps(keys).decode())
        return connection.exec_driver_sql(_SQLITE_STORED, values).all()

    def insert_events(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Many rows a statement: between two statements the interpreter lock is given away, and a
        busy event loop is slow to give it back."""
        start = 0
        for size in _ROWS_A_STATEMENT:
            while len(rows) - start >= size:
                chosen = rows[start : start + size]
                values = tuple(row[name] for row in chosen for name in _COLUMNS)
                connection.exec_driver_sql(_sqlite_insert(size), values)
                start += size

    def add_to_counters(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Database``."""
        connection.exec_driver_sql(
            _SQLITE_ADD, [tuple(row[name] for name in _COUNTER) for row in rows]
        )

    def body_contains(self, text: str) -> ColumnElement[bool]:
        """See ``Database``."""
        return func.lower(cast(EVENTS.c.body, Text)).contains(text.lower(), autoescape=True)


class Postgres:
    """A server, shared by any number of gateways."""

    def engines(self, url: URL) -> tuple[Engine, Engine]:
        """A connection that a restart of the server broke is noticed when it is next taken. A
        writer that hangs is ended by the server, so that it does not stop the others for ever."""
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            connect_args={"options": " ".join(f"-c {setting}" for setting in _POSTGRES_SETTINGS)},
        )
        event.listen(engine, "begin", _begin_postgres)
        return engine, engine.execution_options(**{_BEGIN: _POSTGRES_LOCK})

    def stored(
        self, connection: Connection, source: str, keys: Sequence[str]
    ) -> Iterable[Sequence[Any]]:
        """See ``Database``."""
        values = {"source": source, "keys": list(keys)}
        return connection.exec_driver_sql(_POSTGRES_STORED, values).all()

    def insert_events(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Database``; the driver sends all rows in one pipeline. With the commit, who listens
        on any machine is told that there are some."""
        connection.execute(_INSERT, rows)
        connection.exec_driver_sql(_POSTGRES_NOTIFY)

    def add_to_counters(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Database``."""
        connection.exec_driver_sql(_POSTGRES_ADD, [dict(row) for row in rows])

    def body_contains(self, text: str) -> ColumnElement[bool]:
        """See ``Database``. Bodies need not be text: both sides are compared in the escaped form,
        in which every byte that is no ASCII is ``\\`` and three octal digits."""
        escaped = "".join(
            "\\\\" if byte == 0x5C else chr(byte) if 0 < byte < 0x80 else f"\\{byte:03o}"
            for byte in text.lower().encode()
        )
        body: ColumnElement[str] = func.lower(func.encode(EVENTS.c.body, "escape"))
        return body.contains(escaped, autoescape=True)


_KINDS: Final[Mapping[str, type[Sqlite] | type[Postgres]]] = {
    "sqlite": Sqlite,
    "postgresql": Postgres,
    "postgres": Postgres,  # as hosting providers spell it
}

# Statements of the hot path as text: a commit under load holds some thirty events, and to build
# these anew each time would take as long as the database takes.
_SQLITE_STORED: Final = """
    select event_key, position, body_hash from events
    where source = ? and event_key in (select value from json_each(?))
"""
_POSTGRES_STORED: Final = """
    select event_key, position, body_hash from events
    where source = %(source)s and event_key = any(%(keys)s)
"""

_COUNTER: Final = tuple(column.name for column in COUNTERS.c)
_ADD: Final = """
    insert into counters (source, name, code, value) values ({})
    on conflict (source, name, code) do update set value = counters.value + excluded.value
"""
_SQLITE_ADD: Final = _ADD.format("?, ?, ?, ?")
_POSTGRES_ADD: Final = _ADD.format("%(source)s, %(name)s, %(code)s, %(value)s")

_COLUMNS: Final = tuple(column.name for column in EVENTS.c)
_INSERT: Final = EVENTS.insert()

# Few sizes, so that each statement is prepared once; the largest stays under SQLite's limit of
# bound parameters (32,766).
_ROWS_A_STATEMENT: Final = (1024, 256, 64, 16, 4, 1)

_POSTGRES_SETTINGS: Final = (
    "client_encoding=UTF8",  # of a database in SQL_ASCII, text would come as bytes
    "synchronous_commit=on",
    f"lock_timeout={_LOCK_WAIT_MS}",
    "idle_in_transaction_session_timeout=15000",
    "timezone=UTC",
    # A plan made while the log was small would be kept when it is large.
    "plan_cache_mode=force_custom_plan",
)
# A number that nobody else uses: the first 8 bytes of the SHA-256 of "millrace event log".
_POSTGRES_LOCK: Final = "select pg_advisory_xact_lock(9075652923288284660)"


_POSTGRES_NOTIFY: Final = f"select pg_notify('{CHANNEL}', '')"


@cache
def _sqlite_insert(rows: int) -> str:
    """INSERT of so many rows, its values in the order of ``_COLUMNS``."""
    one = str(EVENTS.insert().compile(dialect=sqlite_dialect()))
    head, values = one.split("VALUES", 1)
    return f"{head}VALUES {', '.join([values.strip()] * rows)}"


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Durable commits, readers beside the writer, and transactions that we begin ourselves."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_LOCK_WAIT_MS}")
    # Of a new file; what is archived can be given back in steps.
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    _write_ahead(connection)
    # The default NORMAL of WAL may lose acknowledged events.
    connection.execute("PRAGMA synchronous=FULL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for its own lock here: of many who open a new file, it refuses some."""
    deadline = time.monotonic() + _LOCK_WAIT_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _begin_postgres(connection: Connection) -> None:
    """The driver begins by itself; a writer waits for its turn."""
    lock = connection.get_execution_options().get(_BEGIN)
    if lock is not None:
        connection.exec_driver_sql(lock)
