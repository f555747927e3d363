"""The event log on a SQL database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    bindparam,
    desc,
    func,
    select,
)

from ingestion.event_log import arrivals as _arrivals
from ingestion.event_log import dedup, moments
from ingestion.event_log.archive_reader import Archive
from ingestion.event_log.archive_rows import LogRows
from ingestion.event_log.databases import Database, open_database
from ingestion.event_log.erased import erased_key, may_name_somebody
from ingestion.event_log.model import (
    Appended,
    CounterKey,
    Kind,
    LogCount,
    LoggedEvent,
    LogRow,
    NewEvent,
    body_hash,
    from_micros,
    to_micros,
)
from ingestion.event_log.schema import COUNTERS, EVENTS
from ingestion.event_log.unavailable import unavailable

# Bound parameters of one look-up; far under SQLite's limit, and one compiled statement for all.
_LOOKUP = 500

# Statements of the hot path, built once.
_HEAD = select(func.coalesce(func.max(EVENTS.c.position), 0))
_ROWS = (
    select(*(EVENTS.c[name] for name in LogRow._fields))
    .where(EVENTS.c.position > bindparam("after"))
    .order_by(EVENTS.c.position)
    .limit(bindparam("limit"))
)
_ROWS_AT = (
    select(*(EVENTS.c[name] for name in LogRow._fields))
    .where(EVENTS.c.position.in_(bindparam("positions", expanding=True)))
    .order_by(EVENTS.c.position)
)
_FILES = select(EVENTS.c.archived_in).where(EVENTS.c.archived_in.is_not(None)).distinct()


class EventLog:
    """An append-only list of events. Safe to use from several threads.

    Every method raises LogUnavailableError when the database cannot be used.
    """

    def __init__(
        self, database: Database, reader: Engine, writer: Engine, archive: Archive
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._archive = archive

    @classmethod
    def open(cls, url: str, archive: Path | None = None) -> Self:
        """Open the log at ``sqlite:////absolute/path`` or ``postgresql://user@host/name``; makes
        its tables when they are missing. ``archive``: the folder with what was moved out of it."""
        with unavailable():
            return cls(*open_database(url), Archive(archive))

    @property
    def stored(self) -> LogRows:
        """The rows themselves, for moving old content to the archive."""
        return LogRows(self._reader, self._writer)

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """For reading and for writing: other tables of the same database live by them too."""
        return self._reader, self._writer

    def append(
        self, events: Sequence[NewEvent], counters: Mapping[CounterKey, int] | None = None
    ) -> list[Appended]:
        """Store what is new, all or nothing, durable on return; one answer an event, in order.

        ``received`` and ``duplicate`` are counted in the same transaction, with ``counters``.
        """
        hashed = [(event, body_hash(event.body)) for event in events]
        with self._write() as connection:
            plan = self._plan(connection, hashed)
            if plan.additions:
                self._database.insert_events(connection, [_row(one) for one in plan.additions])
            self._add(connection, _deltas(events, plan.answers, counters or {}))
        return list(plan.answers)

    def add_counters(self, deltas: Mapping[CounterKey, int]) -> None:
        """Add to durable counters."""
        with self._write() as connection:
            self._add(connection, deltas)

    def counters(self) -> dict[CounterKey, int]:
        """All durable counters."""
        columns = (COUNTERS.c.source, COUNTERS.c.name, COUNTERS.c.code, COUNTERS.c.value)
        with self._read() as connection:
            rows = connection.execute(select(*columns)).all()
        return {CounterKey(source, name, code): value for source, name, code, value in rows}

    def read(
        self,
        *,
        after: int = 0,
        limit: int = 1000,
        newest_first: bool = False,
        source: str | None = None,
        kind: Kind | None = None,
        correlation_id: str | None = None,
    ) -> list[LoggedEvent]:
        """Events behind position ``after``, in order of position, at most ``limit``."""
        wanted = {"source": source, "kind": kind, "correlation_id": correlation_id}
        query = select(EVENTS).where(EVENTS.c.position > after).limit(limit)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(EVENTS.c[name] == value)
        return self._events(query.order_by(_order(newest_first)))

    def at(self, positions: Iterable[int]) -> list[LoggedEvent]:
        """The events at these positions, in order; positions that do not exist are left out."""
        wanted = sorted(set(positions))
        found: list[LoggedEvent] = []
        for start in range(0, len(wanted), _LOOKUP):
            chosen = EVENTS.c.position.in_(wanted[start : start + _LOOKUP])
            found += self._events(select(EVENTS).where(chosen).order_by(EVENTS.c.position))
        return found

    def positions(self, keys: Iterable[dedup.Key]) -> dict[dedup.Key, int]:
        """Where the events of these keys are; keys that are not stored are left out."""
        with self._read() as connection:
            return {key: row.position for key, row in self._stored(connection, keys).items()}

    def arrivals(self, correlation_ids: Iterable[str]) -> Mapping[str, Sequence[_arrivals.Arrival]]:
        """What came from outside under each of these ids, oldest first; ids under which nothing
        did are left out."""
        with self._read() as connection:
            return _arrivals.arrivals(connection, correlation_ids)

    def received_at(
        self, source: str, kind: Kind, *, most: int, until: datetime | None = None
    ) -> Sequence[datetime]:
        """When the last events of a source came (until then), newest first."""
        with self._read() as connection:
            return moments.received(connection, source, kind, most, until)

    def between(self, start: datetime, end: datetime, kinds: Collection[Kind]) -> Sequence[int]:
        """Positions of events of these kinds that came from `start` to before `end`, in order."""
        with self._read() as connection:
            return moments.between(connection, start, end, kinds)

    def rows(self, *, after: int, limit: int) -> Sequence[LogRow]:
        """Rows behind position ``after`` for bulk readers, in order of position, at most
        ``limit``: straight from the driver, which takes a fifth of the time."""
        with self._read() as connection:
            result = connection.execute(_ROWS, {"after": after, "limit": limit})
            found = [LogRow._make(row) for row in result.cursor.fetchall()]
        return self._archive.restored(found)

    def rows_at(self, positions: Iterable[int]) -> Sequence[LogRow]:
        """The rows at these positions, in order, as `rows` gives them."""
        wanted = sorted(set(positions))
        found: list[LogRow] = []
        for start in range(0, len(wanted), _LOOKUP):
            with self._read() as connection:
                chosen = {"positions": wanted[start : start + _LOOKUP]}
                result = connection.execute(_ROWS_AT, chosen)
                found += [LogRow._make(row) for row in result.cursor.fetchall()]
        return self._archive.restored(found)

    def search(self, text: str, limit: int = 100) -> list[LoggedEvent]:
        """Newest events whose body contains ``text``, whatever the case of ASCII letters."""
        found = self._database.body_contains(text)
        in_log = self._events(select(EVENTS).where(found).order_by(_order(True)).limit(limit))
        with self._read() as connection:
            files = connection.execute(_FILES).scalars().all()
        archived = self.at(self._archive.search(text, files, limit))
        by_position = {event.position: event for event in (*in_log, *archived)}
        return [by_position[position] for position in sorted(by_position, reverse=True)[:limit]]

    def head(self) -> int:
        """The last position, 0 when the log is empty."""
        with self._read() as connection:
            return int(connection.execute(_HEAD).scalar_one())

    def count(self, *, until: int | None = None) -> LogCount:
        """How many events are stored (up to and with position ``until``), by source and kind."""
        query = select(EVENTS.c.source, EVENTS.c.kind, func.count())
        if until is not None:
            query = query.where(EVENTS.c.position <= until)
        with self._read() as connection:
            rows = connection.execute(query.group_by(EVENTS.c.source, EVENTS.c.kind)).all()
        by_source: Counter[str] = Counter()
        by_kind: Counter[str] = Counter()
        for source, kind, number in rows:
            by_source[source] += number
            by_kind[kind] += number
        return LogCount(by_source.total(), dict(by_source), dict(by_kind))

    def close(self) -> None:
        """Give back every connection."""
        self._reader.dispose()

    def _plan(self, connection: Connection, hashed: Sequence[tuple[NewEvent, str]]) -> dedup.Plan:
        keys = [dedup.Key(event.source, event.event_key) for event, _ in hashed]
        stored = self._stored(connection, keys)
        stored |= self._erased(connection, [key for key in keys if key not in stored])
        stored |= self._stored(connection, dedup.variants_to_look_up(hashed, stored))
        return dedup.plan(hashed, stored, int(connection.execute(_HEAD).scalar_one()))

    def _erased(
        self, connection: Connection, keys: Iterable[dedup.Key]
    ) -> dict[dedup.Key, dedup.Stored]:
        """What is stored under these keys since an erasure took a person's name out of them."""
        hidden = {
            dedup.Key(source, erased_key(key)): dedup.Key(source, key)
            for source, key in keys
            if may_name_somebody(key)
        }
        return {hidden[key]: row for key, row in self._stored(connection, hidden).items()}

    def _stored(
        self, connection: Connection, keys: Iterable[dedup.Key]
    ) -> dict[dedup.Key, dedup.Stored]:
        """What is stored under these keys."""
        by_source: dict[str, list[str]] = {}
        for source, key in keys:
            by_source.setdefault(source, []).append(key)
        return {
            dedup.Key(source, key): dedup.Stored(position, digest)
            for source, wanted in by_source.items()
            for key, position, digest in self._database.stored(connection, source, wanted)
        }

    def _add(self, connection: Connection, deltas: Mapping[CounterKey, int]) -> None:
        rows = [{**key._asdict(), "value": value} for key, value in deltas.items() if value]
        if rows:
            self._database.add_to_counters(connection, rows)

    def _events(self, query: Select[Any]) -> list[LoggedEvent]:
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [_event(row) for row in self._archive.restored(rows)]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with unavailable(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with unavailable(), self._writer.begin() as connection:
            yield connection


def _order(newest_first: bool) -> Any:
    return desc(EVENTS.c.position) if newest_first else EVENTS.c.position


def _row(addition: dedup.Addition) -> dict[str, Any]:
    event = addition.event
    return {
        "position": addition.position,
        "source": event.source,
        "event_key": addition.event_key,
        "kind": event.kind,
        "received_at": to_micros(event.received_at),
        "headers": orjson.dumps(dict(event.headers)).decode(),
        "body": event.body,
        "body_hash": addition.body_hash,
        "correlation_id": event.correlation_id,
        "historical": event.historical,
        "archived_in": None,
    }


def _event(row: Row[Any]) -> LoggedEvent:
    return LoggedEvent(
        position=row.position,
        source=row.source,
        event_key=row.event_key,
        kind=row.kind,
        received_at=from_micros(row.received_at),
        body=row.body,
        headers=orjson.loads(row.headers),
        correlation_id=row.correlation_id,
        historical=row.historical,
    )


def _deltas(
    events: Sequence[NewEvent],
    answers: Sequence[Appended],
    others: Mapping[CounterKey, int],
) -> Mapping[CounterKey, int]:
    deltas = Counter(others)
    for event, answer in zip(events, answers, strict=True):
        deltas[CounterKey(event.source, "received")] += 1
        if answer.duplicate:
            deltas[CounterKey(event.source, "duplicate")] += 1
    return deltas
