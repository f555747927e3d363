"""The event log on a SQL database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    desc,
    func,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError

from ingestion.errors import LogUnavailableError
from ingestion.event_log import dedup
from ingestion.event_log.model import (
    Appended,
    CounterKey,
    Kind,
    LogCount,
    LoggedEvent,
    NewEvent,
    body_hash,
    from_micros,
    to_micros,
)
from ingestion.event_log.schema import COUNTERS, EVENTS, add_to_counters, open_engines

# Bound parameters of one look-up; far under SQLite's limit, and one compiled statement for all.
_LOOKUP = 500

# Statements of the hot path, built once.
_HEAD = select(func.coalesce(func.max(EVENTS.c.position), 0))
_INSERT = insert(EVENTS)
_STORED = select(EVENTS.c.event_key, EVENTS.c.position, EVENTS.c.body_hash).where(
    EVENTS.c.source == bindparam("source"),
    EVENTS.c.event_key.in_(bindparam("keys", expanding=True)),
)
_ADD_TO_COUNTERS = add_to_counters()


class EventLog:
    """An append-only list of events. Safe to use from several threads.

    Every method raises LogUnavailableError when the database cannot be used.
    """

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the log at a database URL (``sqlite:////absolute/path``); makes it when missing."""
        with _unavailable():
            return cls(*open_engines(url))

    def append(
        self, events: Sequence[NewEvent], counters: Mapping[CounterKey, int] | None = None
    ) -> list[Appended]:
        """Store what is new, all or nothing, durable on return; one answer an event, in order.

        ``received`` and ``duplicate`` are counted in the same transaction, with ``counters``.
        """
        hashed = [(event, body_hash(event.body)) for event in events]
        with self._write() as connection:
            plan = _plan(connection, hashed)
            if plan.additions:
                connection.execute(_INSERT, [_row(addition) for addition in plan.additions])
            _add(connection, _deltas(events, plan.answers, counters or {}))
        return list(plan.answers)

    def add_counters(self, deltas: Mapping[CounterKey, int]) -> None:
        """Add to durable counters."""
        with self._write() as connection:
            _add(connection, deltas)

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

    def rows(self, *, after: int, limit: int) -> Sequence[Row[Any]]:
        """Rows as stored, without headers, for bulk readers: no object is made for an event."""
        columns = [column for column in EVENTS.c if column.name != "headers"]
        query = select(*columns).where(EVENTS.c.position > after)
        with self._read() as connection:
            return connection.execute(query.order_by(EVENTS.c.position).limit(limit)).all()

    def search(self, text: str, limit: int = 100) -> list[LoggedEvent]:
        """Newest events whose body contains ``text``, whatever the case of ASCII letters."""
        body = func.lower(cast(EVENTS.c.body, Text))
        found = body.contains(text.lower(), autoescape=True)
        return self._events(select(EVENTS).where(found).order_by(_order(True)).limit(limit))

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

    def _events(self, query: Select[Any]) -> list[LoggedEvent]:
        with self._read() as connection:
            return [_event(row) for row in connection.execute(query)]

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _unavailable(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with _unavailable(), self._writer.begin() as connection:
            yield connection


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turn what the database or the disk says into our error, without the statement's values."""
    try:
        yield
    except DBAPIError as error:
        raise LogUnavailableError(f"The event log cannot be used: {error.orig}.") from error
    except OSError as error:
        raise LogUnavailableError(f"The event log cannot be used: {error.strerror}.") from error


def _order(newest_first: bool) -> Any:
    return desc(EVENTS.c.position) if newest_first else EVENTS.c.position


def _plan(connection: Connection, hashed: Sequence[tuple[NewEvent, str]]) -> dedup.Plan:
    keys = [dedup.Key(event.source, event.event_key) for event, _ in hashed]
    stored = _stored(connection, keys)
    stored |= _stored(connection, dedup.variants_to_look_up(hashed, stored))
    return dedup.plan(hashed, stored, int(connection.execute(_HEAD).scalar_one()))


def _stored(connection: Connection, keys: Iterable[dedup.Key]) -> dict[dedup.Key, dedup.Stored]:
    """What is stored under these keys."""
    by_source: dict[str, list[str]] = {}
    for source, key in keys:
        by_source.setdefault(source, []).append(key)
    found: dict[dedup.Key, dedup.Stored] = {}
    for source, wanted in by_source.items():
        for start in range(0, len(wanted), _LOOKUP):
            values = {"source": source, "keys": wanted[start : start + _LOOKUP]}
            for key, position, digest in connection.execute(_STORED, values):
                found[dedup.Key(source, key)] = dedup.Stored(position, digest)
    return found


def _row(addition: dedup.Addition) -> dict[str, Any]:
    event = addition.event
    return {
        "position": addition.position,
        "source": event.source,
        "event_key": addition.event_key,
        "kind": event.kind,
        "received_at": to_micros(event.received_at),
        "headers": json.dumps(dict(event.headers)),
        "body": event.body,
        "body_hash": addition.body_hash,
        "correlation_id": event.correlation_id,
        "historical": event.historical,
    }


def _event(row: Row[Any]) -> LoggedEvent:
    return LoggedEvent(
        position=row.position,
        source=row.source,
        event_key=row.event_key,
        kind=row.kind,
        received_at=from_micros(row.received_at),
        body=row.body,
        headers=json.loads(row.headers),
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


def _add(connection: Connection, deltas: Mapping[CounterKey, int]) -> None:
    rows = [{**key._asdict(), "value": value} for key, value in deltas.items() if value]
    if rows:
        connection.execute(_ADD_TO_COUNTERS, rows)
