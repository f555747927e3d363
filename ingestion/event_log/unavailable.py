"""What the log's database or its disk says, as our error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ingestion.errors import LogUnavailableError


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise LogUnavailableError, without the values of the statement."""
    try:
        yield
    except DBAPIError as error:
        raise LogUnavailableError(f"The event log cannot be used: {_reason(error)}.") from error
    except SQLAlchemyError as error:
        raise LogUnavailableError(f"The event log gave no connection: {error.code}.") from error
    except sqlite3.Error as error:  # of a statement that went past SQLAlchemy
        raise LogUnavailableError(f"The event log cannot be used: {error}.") from error
    except OSError as error:
        raise LogUnavailableError(f"The event log cannot be used: {error.strerror}.") from error


def _reason(error: DBAPIError) -> str:
    """What the database says, without the row: PostgreSQL adds its values in further lines."""
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return lines[0].rstrip(".")
