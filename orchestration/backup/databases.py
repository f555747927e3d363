"""Copying a database while others write to it, and putting a copy back.

SQLite: the online backup in one step, which is one read transaction: writers go on, and it does
not begin anew when they write. PostgreSQL: `pg_dump` over a snapshot that the facts are read in
too. Passwords go to it by environment; command lines are seen by everybody on a machine.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from orchestration.backup import facts
from orchestration.errors import BackupError, BackupInvalidError, RestoreRefusedError

Read = Callable[[Connection], dict[str, Any]]

_BUSY_SECONDS: Final = 30


def kind(url: str) -> str:
    """`sqlite` or `postgresql`."""
    name = make_url(url).get_backend_name()
    return "postgresql" if name == "postgres" else name


def file_of(url: str) -> Path:
    """Where an SQLite database is."""
    return Path(make_url(url).database or "")


def dump(url: str, target: Path, read: Read) -> dict[str, Any]:
    """Copy a database to a file; what `read` tells of exactly this copy. Raises BackupError."""
    try:
        if kind(url) == "sqlite":
            return _dump_sqlite(file_of(url), target, read)
        return _dump_postgres(make_url(url), target, read)
    except (sqlite3.Error, DBAPIError) as error:
        raise BackupError(f"{target.stem} could not be copied ({type(error).__name__}).") from error


def load(url: str, source: Path) -> None:
    """Put a copy in place; an SQLite file must not be there, tables of PostgreSQL are replaced."""
    if kind(url) == "sqlite":
        place(source, file_of(url))
    else:
        parsed = make_url(url)
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--dbname"]
        _run("pg_restore", [*options, _conninfo(parsed), str(source)], parsed)


def place(source: Path, target: Path) -> None:
    """Copy a file so that it is on disk, whole, before it has its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, staged)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.rename(target)


def read_copy(copy: Path, read: Read) -> dict[str, Any]:
    """What a copied SQLite file holds; nothing is written beside it. Raises BackupInvalidError."""
    engine = create_engine(
        URL.create(
            "sqlite", database=f"{copy.absolute().as_uri()}?immutable=1", query={"uri": "true"}
        )
    )
    try:
        with engine.connect() as connection:
            return read(connection)
    except DBAPIError as error:
        raise BackupInvalidError(f"{copy.name} is not a readable database.") from error
    finally:
        engine.dispose()


def in_use(file: Path) -> bool:
    """Whether another process has an SQLite file open; also folds its journal into it."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        try:
            connection.execute("pragma journal_mode = delete")  # needs the file for itself
        except sqlite3.OperationalError:
            return True
    return False


def has_rows(url: str) -> bool:
    """Whether a server's database holds events or deliveries already."""
    with _connected(make_url(url)) as connection:
        return not facts.is_empty(connection)


def require_tools(urls: Mapping[str, str]) -> None:
    """Raise BackupError where PostgreSQL is to be copied and its tools are not on the PATH."""
    if any(kind(url) == "postgresql" for url in urls.values()):
        for tool in ("pg_dump", "pg_restore"):
            _tool(tool)


def _dump_sqlite(source: Path, target: Path, read: Read) -> dict[str, Any]:
    if not source.exists():
        raise BackupError(f"There is no {source.name} yet: nothing was ever stored.")
    with (
        closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        [[found]] = copy.execute("pragma quick_check(1)").fetchall()
        copy.execute("pragma journal_mode = delete")  # one file, that needs no journal beside it
    if found != "ok":
        raise BackupError(f"{source.name} is damaged.", remedy="Restore an older backup.")
    return read_copy(target, read)


def _dump_postgres(url: URL, target: Path, read: Read) -> dict[str, Any]:
    with _connected(url) as connection:
        snapshot = connection.exec_driver_sql("select pg_export_snapshot()").scalar_one()
        told = read(connection)
        options = ["--format=custom", f"--snapshot={snapshot}", f"--file={target}", "--dbname"]
        _run("pg_dump", [*options, _conninfo(url)], url)
    return told


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), isolation_level="REPEATABLE READ"
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _conninfo(url: URL) -> str:
    """The address without its password."""
    from psycopg.conninfo import make_conninfo

    arguments = {**url.query, **url.translate_connect_args(username="user", database="dbname")}
    return make_conninfo(**{name: v for name, v in arguments.items() if name != "password"})


def _run(tool: str, arguments: list[str], url: URL) -> None:
    password = url.password or url.query.get("password")
    secret = {"PGPASSWORD": str(password)} if password else {}
    done = subprocess.run(  # noqa: S603  PostgreSQL's own tool, arguments as a list
        [_tool(tool), "--no-password", *arguments],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["no message"])[0]
        error = BackupError if tool == "pg_dump" else RestoreRefusedError
        raise error(f"{tool} ended with {done.returncode}: {told}")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"{name} is not on the PATH.",
            remedy="Install PostgreSQL's client programs, as new as the server or newer.",
        )
    return found
