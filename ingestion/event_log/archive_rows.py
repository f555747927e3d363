"""The log's side of archiving: which events are old, and taking their content out of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from ingestion.event_log.model import to_micros
from ingestion.event_log.schema import EVENTS
from ingestion.event_log.unavailable import unavailable

# Pages of SQLite given back in one transaction: writers wait for some milliseconds at most.
_VACUUM_PAGES: Final = 500

_CHOSEN: Final = EVENTS.c.position.in_(
    bindparam("positions", expanding=True)
) & EVENTS.c.archived_in.is_(None)
_EMPTIED: Final = {"headers": "{}", "body": b""}
_KEPT: Final = [column for column in EVENTS.c if column.name not in (*_EMPTIED, "archived_in")]


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of a log, through the engines it reads and writes with.

    Every method raises LogUnavailableError when the database cannot be used.
    """

    reader: Engine
    writer: Engine

    def old(self, before: datetime, after: int, limit: int, max_bytes: int) -> Sequence[Any]:
        """Whole rows behind ``after`` that were received before ``before`` and are not archived:
        at most ``limit``, and when there are several not many more than ``max_bytes``."""
        with unavailable(), self.reader.begin() as connection:
            last = _last_that_fits(connection, _old(before, after).limit(limit), max_bytes)
            if last is None:
                return []
            whole = _old(before, after).with_only_columns(*EVENTS.c)
            return connection.execute(whole.where(EVENTS.c.position <= last)).all()

    def empty(self, positions: Sequence[int], file: str) -> int:
        """Note that these events are in ``file``, and take their content out, all in one
        transaction. Returns how many; those that are archived already stay where they are."""
        empty = _empty_sqlite if self._is_sqlite else _empty
        with unavailable(), self.writer.begin() as connection:
            return empty(connection, positions, file)

    def give_back(self) -> None:
        """Give the space of what was taken out back.

        An SQLite file shrinks, a little at a time, so that writers hardly wait. PostgreSQL keeps
        the space for new events.
        """
        with unavailable():
            if self._is_sqlite:
                _shrink_sqlite(self.reader)
            else:
                autocommit = self.reader.execution_options(isolation_level="AUTOCOMMIT")
                with autocommit.connect() as connection:
                    connection.exec_driver_sql("VACUUM events")

    @property
    def _is_sqlite(self) -> bool:
        return self.reader.dialect.name == "sqlite"


def _empty(connection: Connection, positions: Sequence[int], file: str) -> int:
    emptied = update(EVENTS).where(_CHOSEN).values(**_EMPTIED, archived_in=file)
    return connection.execute(emptied, {"positions": positions}).rowcount


def _empty_sqlite(connection: Connection, positions: Sequence[int], file: str) -> int:
    """Rows that are deleted and come back small share pages; an UPDATE would leave every page
    where it is, nearly empty, and no byte could ever be given back."""
    wanted = {"positions": positions}
    rows = connection.execute(select(*_KEPT).where(_CHOSEN), wanted).all()
    connection.execute(delete(EVENTS).where(_CHOSEN), wanted)
    if rows:
        emptied = {**_EMPTIED, "archived_in": file}
        connection.execute(insert(EVENTS), [{**row._mapping, **emptied} for row in rows])
    return len(rows)


def _shrink_sqlite(engine: Engine) -> None:
    with engine.connect() as connection:
        # The driver runs a script to its end, but stops a PRAGMA after its first page.
        raw: Any = connection.connection.driver_connection
        left = _free_pages(raw)
        while left:
            raw.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
            before, left = left, _free_pages(raw)
            if left >= before:  # made without auto_vacuum: the space stays for new events
                break
        raw.executescript("PRAGMA wal_checkpoint(TRUNCATE)")


def _free_pages(raw: Any) -> int:
    return int(raw.execute("PRAGMA freelist_count").fetchone()[0])


def _old(before: datetime, after: int) -> Select[Any]:
    return (
        select(EVENTS.c.position, func.length(EVENTS.c.body))
        .where(
            EVENTS.c.position > after,
            EVENTS.c.received_at < to_micros(before),
            EVENTS.c.archived_in.is_(None),
        )
        .order_by(EVENTS.c.position)
    )


def _last_that_fits(connection: Connection, sizes: Select[Any], max_bytes: int) -> int | None:
    """The last position before the sum of the bodies reaches ``max_bytes``; None without rows."""
    last, total = None, 0
    for position, size in connection.execute(sizes).all():
        if total >= max_bytes:
            break
        last, total = int(position), total + int(size)
    return last
