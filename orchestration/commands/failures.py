"""Failures that come without a code, from the system or a library: which of them have one."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from typing import Final

from orchestration.errors import OrchestrationError, StorageError, UnexpectedError

_STORAGE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE}
)
_SQLITE_STORAGE: Final = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")


def with_code(error: Exception) -> Exception:
    """The error itself where it carries a code and a remedy, else one that does. Its message holds
    no text of a library, which may hold what somebody wrote."""
    if hasattr(error, "code") and hasattr(error, "remedy"):
        return error
    stored = next(filter(None, map(_storage, _chain(error))), None)
    return stored or UnexpectedError(f"The command stopped with {type(error).__name__}.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _storage(error: BaseException) -> OrchestrationError | None:
    if isinstance(error, OSError) and error.errno in _STORAGE:
        named = f" ({error.filename})" if error.filename else ""
        return StorageError(f"A file cannot be used: {error.strerror}{named}.")
    if isinstance(error, sqlite3.Error) and _name(error).startswith(_SQLITE_STORAGE):
        return StorageError(f"A database file cannot be used: {error}.")
    return None


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", None) or "")
