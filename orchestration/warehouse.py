"""The DuckDB warehouse: who may open it, the published read copy, and reading rows.

One process at a time may open a DuckDB file, readers included. Whoever works on it takes
`exclusive()`; everybody else reads the copy that `publish()` swaps in after each batch.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from orchestration.errors import (
    WarehouseCorruptError,
    WarehouseError,
    WarehouseLockedError,
    WarehouseMissingError,
    WarehouseOutdatedError,
)

_TICK_SECONDS = 0.25

POOL = "warehouse"  # Dagster's concurrency pool, limit 1: DuckDB takes one process at a time


@dataclass(frozen=True, slots=True)
class Publication:
    """What the published copy holds: `log_position` is the last event in it, `digests` has one
    fingerprint an activation table (it changes when there is something new to enqueue),
    `functions` is that of the Python which the models call (None if an older version wrote it)."""

    published_at: datetime
    log_position: int
    digests: Mapping[str, str]
    functions: str | None = None


@contextmanager
def exclusive(path: Path, *, timeout_seconds: float = 60) -> Iterator[None]:
    """Keep other Millrace processes off the warehouse file, and wait until any other program that
    has it open closes it; raises WarehouseLockedError after `timeout_seconds`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_seconds
    lock = FileLock(f"{path}.lock", timeout=timeout_seconds)
    try:
        with lock:
            _wait_for_others(path, deadline)
            yield
    except Timeout:
        raise WarehouseLockedError(f"Another Millrace process is working on {path.name}.") from None


def _wait_for_others(path: Path, deadline: float) -> None:
    """An analyst's shell on the file, say. Whatever else is wrong with it is told when it is
    used: `run --full` needs no sound file."""
    while True:
        try:
            ensure_usable(path)
        except WarehouseLockedError:
            if time.monotonic() > deadline:
                raise
        except WarehouseError:
            return
        else:
            return
        time.sleep(_TICK_SECONDS)


def ensure_usable(path: Path) -> None:
    """Raise what `connect` would for a locked or damaged file; a missing one will be made."""
    if path.exists():
        with connect(path, read_only=False):
            pass


def discard(path: Path, pipelines: Path) -> None:
    """Remove the file and what dlt remembers of it: the event log rebuilds both."""
    for file in (path, path.with_name(f"{path.name}.wal")):
        file.unlink(missing_ok=True)
    shutil.rmtree(pipelines, ignore_errors=True)


@contextmanager
def connect(path: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file; a missing, locked or damaged one gets an error of its own."""
    if not path.exists():
        raise WarehouseMissingError(f"There is no warehouse at {path}.")
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
        connection.execute("set TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise _translate(error, path) from error
    try:
        yield connection
    finally:
        connection.close()


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """The result as dictionaries; parameters are bound, never formatted in.

    Raises WarehouseOutdatedError where a table or column is not there.
    """
    try:
        cursor = connection.execute(query, list(parameters))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise WarehouseOutdatedError(
            f"The warehouse was built for other settings or another version: {_first_line(error)}"
        ) from error
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def publish(
    warehouse: Path,
    target: Path,
    *,
    activation: Collection[str],
    now: datetime,
    manifest: Path | None = None,
    functions: str | None = None,
) -> Publication:
    """Copy the warehouse beside `target` and swap it in; readers see the old or the new one.

    `activation`: the tables that are fingerprinted, of the destinations that are on; `manifest`:
    dbt's, with the SQL that made the tables; `functions`: fingerprint of the Python it calls.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with connect(warehouse, read_only=False) as connection:
        connection.execute("checkpoint")
        digests = _digests(connection, activation)
        publication = Publication(now, log_position(connection), digests, functions)
    told = json.dumps(asdict(publication), default=str, indent=2)
    _swap(target, lambda staged: shutil.copyfile(warehouse, staged))
    if manifest is not None:
        _swap(target.with_name("manifest.json"), lambda staged: shutil.copyfile(manifest, staged))
    # Last of all: it never promises rows that readers cannot see yet.
    _swap(_described(target), lambda staged: staged.write_text(told))
    return publication


def _swap(target: Path, write: Callable[[Path], object]) -> None:
    staged = target.with_suffix(".next")
    write(staged)
    os.replace(staged, target)  # noqa: PTH105  the atomic one, by name


def publication(target: Path) -> Publication | None:
    """What was published last, or None before the first batch. Raises WarehouseCorruptError."""
    described = _described(target)
    if not described.exists():
        return None
    try:
        told = json.loads(described.read_text())
        at = datetime.fromisoformat(told["published_at"])
        return Publication(at, told["log_position"], told["digests"], told.get("functions"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WarehouseCorruptError(
            f"{described.name} does not tell what was published ({type(error).__name__})."
        ) from None


def _described(target: Path) -> Path:
    return target.with_name("publication.json")


def log_position(connection: duckdb.DuckDBPyConnection) -> int:
    """The last event that the file holds, 0 when it holds none."""
    return int(rows(connection, "select coalesce(max(position), 0) as p from raw.events")[0]["p"])


def _digests(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> dict[str, str]:
    return {table: _digest(connection, table) for table in tables}


def _digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    query = f"""
        select count(*) || ':' || coalesce(bit_xor(
            hash(entity_key, payload_hash, consent_status)), 0) as digest
        from activation.{table}
    """  # noqa: S608  the table is one of our effects
    return str(rows(connection, query)[0]["digest"])


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _translate(error: duckdb.Error, path: Path) -> WarehouseError:
    told = str(error)
    if "lock" in told.lower():
        holder = re.search(r"\(PID (\d+)\)", told)
        process = f"Process {holder[1]}" if holder else "Another process"
        return WarehouseLockedError(f"{process} has {path.name} open.")
    if isinstance(error, (duckdb.IOException, duckdb.InternalException, duckdb.FatalException)):
        return WarehouseCorruptError(f"{path.name} is not a readable DuckDB file.")
    return WarehouseError(f"{path.name} could not be opened ({type(error).__name__}).")
