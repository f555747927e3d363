"""Taking a person out of the log: bodies give way to tombstones, mentions are masked.

Keys, positions, kinds and times stay, so counts, the recognition of duplicates and whoever follows
positions are not touched. Done again, it changes nothing more. Rows are changed some hundred at a
time, and between two transactions others have their turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import DBAPIError

from ingestion.contracts.event_type import event_type
from ingestion.contracts.parse import PARSERS, parse
from ingestion.errors import LogUnavailableError
from ingestion.event_log.erased import (
    EMPTIED,
    MASKED,
    erased_key,
    is_tombstone,
    marked,
    tombstone,
    type_of,
)
from ingestion.event_log.log import EventLog
from ingestion.event_log.model import LoggedEvent, LogRow
from ingestion.event_log.needles import Needles
from ingestion.event_log.schema import EVENTS

_PAGE: Final = 2_000
_STEP: Final = 200
_OWN: Final = "millrace"
PROOF_KEY: Final = "erased:"
"""Keys of the decisions that prove erasures begin so: they hold no personal data."""

_CHANGED: Final = ("event_key", "correlation_id", "headers", "body", "body_hash")
_UPDATE: Final = (
    update(EVENTS)
    .where(EVENTS.c.position == bindparam("at"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)


@dataclass(frozen=True, slots=True)
class Found:
    """Positions of events that are to be emptied (``whole``), and of those that only name the
    person, where the mention is to be masked."""

    whole: frozenset[int] = frozenset()
    mentions: frozenset[int] = frozenset()

    def __or__(self, other: Found) -> Found:
        whole = self.whole | other.whole
        return Found(whole, (self.mentions | other.mentions) - whole)


@dataclass(frozen=True, slots=True)
class Changes:
    """How each row of the log is to be changed."""

    erasure_id: str
    needles: Needles
    found: Found

    def of(self, row: Any) -> dict[str, Any] | None:
        """New values of a row with its content; None when it is as it should be."""
        if row.position in self.found.whole:
            values = self._emptied(row)
        elif row.position in self.found.mentions:
            values = self._masked(row)
        else:
            return None
        unchanged = all(getattr(row, name) == value for name, value in values.items())
        return None if unchanged else values

    def _emptied(self, row: Any) -> dict[str, Any]:
        body = bytes(row.body)
        if not is_tombstone(body):
            body = tombstone(self.erasure_id, self._type(row.source, body))
        return self._names(row, self.needles.stands_in) | {
            "headers": "{}",
            "body": body,
            "body_hash": marked(EMPTIED, row.body_hash),
        }

    def _masked(self, row: Any) -> dict[str, Any]:
        body = self.needles.masked(bytes(row.body))
        headers = self.needles.masked_text(row.headers)
        same = body == bytes(row.body) and headers == row.headers
        digest = row.body_hash if same else marked(MASKED, row.body_hash)
        return self._names(row, self.needles.named_in) | {
            "headers": headers,
            "body": body,
            "body_hash": digest,
        }

    def _names(self, row: Any, names: Callable[[str], bool]) -> dict[str, Any]:
        """A key or a correlation id that names the person gives way to its hash."""
        return {
            name: erased_key(value) if names(value) else value
            for name in ("event_key", "correlation_id")
            if (value := getattr(row, name)) is not None
        }

    def _type(self, source: str, body: bytes) -> str | None:
        if is_tombstone(body):
            return type_of(body)
        parsed = PARSERS.get(source, parse)(body)
        if parsed is None or not isinstance(parsed.document, dict):
            return None
        told = event_type(source, parsed.document)
        return None if not isinstance(told, str) or self.needles.named_in(told) else told


def search(
    log: EventLog,
    needles: Needles,
    persons: Sequence[str],
    *,
    until: int,
    progress: Callable[[int], None] = lambda _position: None,
) -> Found:
    """Read the log (the archive too) up to position ``until`` for mentions of the person.

    ``persons`` are the ids that decisions and answers name the person by: these events are the
    person's. Of any other event that names the person (``mentions``) the caller knows the owner.
    """
    own_names = Needles(persons)
    whole: set[int] = set()
    mentions: set[int] = set()
    for row in _rows(log, until, progress):
        if row.source != _OWN:
            if _mentioned(row, needles):
                mentions.add(row.position)
        elif not row.event_key.startswith(PROOF_KEY) and (
            own_names.mentioned_in(row.body) or _mentioned(row, needles)
        ):
            whole.add(row.position)
    return Found(frozenset(whole), frozenset(mentions))


def has_strangers(log: EventLog, after: int) -> bool:
    """Whether anything but our own decisions and answers lies behind position ``after``."""
    found = select(EVENTS.c.position).where(EVENTS.c.position > after, EVENTS.c.source != _OWN)
    with log.engines[0].begin() as connection:
        return connection.execute(found.limit(1)).first() is not None


def lingers(log: EventLog, changes: Changes) -> bool:
    """Whether an event that was emptied still holds an identifier."""
    return any(
        changes.needles.stands_in(text)
        for event in log.at(changes.found.whole)
        for text in (
            event.event_key,
            event.correlation_id,
            event.body.decode(errors="replace"),
            *event.headers.values(),
        )
    )


def proofs(log: EventLog) -> list[LoggedEvent]:
    """The decisions that prove the erasures there were, oldest first."""
    e = EVENTS.c
    found = select(e.position).where(
        e.source == _OWN, e.event_key >= PROOF_KEY, e.event_key < PROOF_KEY[:-1] + ";"
    )
    with log.engines[0].begin() as connection:
        positions = connection.execute(found).scalars().all()
    return log.at(positions)


def _mentioned(row: LogRow, needles: Needles) -> bool:
    return (
        needles.mentioned_in(row.body)
        or needles.named_in(row.event_key)
        or needles.named_in(row.correlation_id)
    )


def _rows(log: EventLog, until: int, progress: Callable[[int], None]) -> Iterator[LogRow]:
    after = 0
    while after < until and (page := log.rows(after=after, limit=_PAGE)):
        yield from (row for row in page if row.position <= until)
        after = page[-1].position
        progress(after)


def change_rows(log: EventLog, changes: Changes, *, pause: Callable[[float], None] = sleep) -> int:
    """Change what is in the table (what is in the archive is not); returns how many rows.

    Raises LogUnavailableError.
    """
    wanted = sorted(changes.found.whole | changes.found.mentions)
    changed = 0
    for start in range(0, len(wanted), _STEP):
        started = perf_counter()
        changed += _change(log, changes, wanted[start : start + _STEP])
        pause(perf_counter() - started)
    return changed


def _change(log: EventLog, changes: Changes, positions: Sequence[int]) -> int:
    _reader, writer = log.engines
    chosen = EVENTS.c.position.in_(positions) & EVENTS.c.archived_in.is_(None)
    try:
        with writer.begin() as connection:
            overwrite_what_is_freed(connection)
            rows = connection.execute(select(EVENTS).where(chosen)).all()
            return write_changes(connection, {row.position: changes.of(row) for row in rows})
    except DBAPIError as error:
        raise LogUnavailableError("The event log cannot be changed now.") from error


def shrink(log: EventLog, *, anew: bool) -> None:
    """Leave nothing of what was changed in an SQLite file; ``anew`` writes all of it once more,
    while which writers wait. PostgreSQL frees the space, which its server overwrites in time.

    Raises LogUnavailableError.
    """
    engine = log.engines[0]
    if engine.dialect.name != "sqlite":
        log.stored.give_back()
        return
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if anew:
                raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise LogUnavailableError(f"The event log cannot be cleaned now: {error}.") from error


def overwrite_what_is_freed(connection: Connection) -> None:
    """SQLite leaves freed bytes in the file unless it is told not to."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def write_changes(
    connection: Connection, by_position: Mapping[int, Mapping[str, Any] | None]
) -> int:
    """Write the new values of rows; returns how many there were."""
    values = [
        {"at": position, **{f"new_{name}": value for name, value in new.items()}}
        for position, new in by_position.items()
        if new is not None
    ]
    if values:
        connection.execute(_UPDATE, values)
    return len(values)
