"""The DuckDB file: how it is made, and what it says when it cannot be used, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from ingestion.errors import WarehouseError, WarehouseLockedError, WarehouseUnavailableError

_LOCKED = ("could not set lock", "already open", "being used by another process")

# A file of the default, oldest format would be compressed by slower methods: a third of the time
# that a large table takes.
_CREATE: Final = "attach '{path}' as warehouse (storage_version 'latest')"


def create_file(path: Path) -> None:
    """Make an empty warehouse in this version's own format, unless there is a file already."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(_CREATE.format(path=str(path).replace("'", "''")))


def warehouse_error(error: BaseException) -> WarehouseError | None:
    """Our error for what went wrong inside ``error`` or its causes; None when it is not the file.

    dlt wraps the database's error, sometimes in several layers, so the whole chain is searched.
    """
    for cause in _chain(error):
        text = str(cause).lower()
        if any(phrase in text for phrase in _LOCKED):
            return WarehouseLockedError("Another process holds the warehouse file.")
        if isinstance(cause, duckdb.IOException | duckdb.FatalException | OSError):
            return WarehouseUnavailableError(f"The warehouse file cannot be used: {cause}.")
    return None


@contextmanager
def warehouse_errors() -> Iterator[None]:
    """Raise our error in the place of dlt's or DuckDB's when the warehouse file is the reason."""
    try:
        yield
    except Exception as error:
        translated = warehouse_error(error)
        if translated is None:
            raise
        raise translated from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
