"""How far pulls are, and what they did: durable, and moved only after the log has the events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Table, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from ingestion.event_log import EventLog
from ingestion.event_log.model import from_micros, to_micros
from ingestion.event_log.unavailable import unavailable
from ingestion.pulls.database import CURSORS, METADATA, RUNS, SEEN
from ingestion.pulls.model import Found, StreamReport

_LOOKUP = 500
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose cursor: a vendor's account, and a kind of object in it."""

    source: str
    kind: str
    account: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """``begun_at``: when the first pull began; what changed before is of the past.
    ``judged_until``: None until a pull came to its end."""

    begun_at: datetime
    reached: datetime | None = None
    judged_until: datetime | None = None

    def since(self, overlap: timedelta, now: datetime) -> datetime | None:
        """Where the next pull begins; None for everything. What is not judged yet is read again,
        and a first pull that was broken off goes on. Where our clock was ahead once, the vendor's
        own times say how far was read."""
        judged = self.judged_until
        known = self.reached if judged is None or judged > now else judged
        return None if known is None else known - overlap


class PullState:
    """The tables of pulls. Every method raises LogUnavailableError when they cannot be used."""

    def __init__(self, log: EventLog) -> None:
        self._reader, self._writer = log.engines
        with unavailable():
            METADATA.create_all(self._writer)

    def begin(self, place: Place, now: datetime) -> Cursor:
        """The cursor of a pull that begins now."""
        row = {**asdict(place), "begun_at": to_micros(now)}
        with self._write() as connection:
            connection.execute(_insert(connection, CURSORS).on_conflict_do_nothing(), [row])
            found = connection.execute(select(CURSORS).where(_at(CURSORS, place))).one()
        return Cursor(
            from_micros(found.begun_at), _moment(found.reached), _moment(found.judged_until)
        )

    def advance(self, place: Place, reached: datetime) -> None:
        """All that changed before ``reached`` is in the log. A cursor never goes back."""
        with self._write() as connection:
            _raise(connection, place, "reached", reached)

    def finish(
        self, place: Place, report: StreamReport, before: datetime | None, judged_until: datetime
    ) -> StreamReport:
        """A pull came to its end: its counts and the cursor, in one transaction. Where another
        pull has judged the same changes since this one began (``before``), they are its to count.
        """
        with self._write() as connection:
            found = connection.execute(select(CURSORS).where(_at(CURSORS, place))).one()
            if _moment(found.judged_until) != before:
                report = replace(report, judged=0, dropped=0)
            _raise(connection, place, "judged_until", judged_until)
            connection.execute(RUNS.insert(), [_row(report)])
        return report

    def note(self, report: StreamReport) -> None:
        """A pull that moves no cursor: it broke off, or it was one of chosen days."""
        with self._write() as connection:
            connection.execute(RUNS.insert(), [_row(report)])

    def first_seen(
        self, place: Place, found: Sequence[Found], now: datetime
    ) -> Mapping[str, datetime]:
        """Object id → when its present content was seen first, which is noted before it is stored:
        so a pull that was killed in between repeats the same event."""
        digests = {_hash(each.id.encode()): _digest(each) for each in found}
        ids = {_hash(each.id.encode()): each.id for each in found}
        with self._write() as connection:
            known = _seen(connection, place, digests)
            changed = [key for key, digest in digests.items() if known.get(key, ("",))[0] != digest]
            rows = [
                {
                    **asdict(place),
                    "object_id": key,
                    "digest": digests[key],
                    "seen_at": to_micros(now),
                }
                for key in changed
            ]
            if rows:
                statement = _insert(connection, SEEN)
                new = {name: statement.excluded[name] for name in ("digest", "seen_at")}
                keys = list(SEEN.primary_key)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=keys, set_=new), rows
                )
        return {ids[key]: now if key in changed else from_micros(known[key][1]) for key in digests}

    def forget(self, ids: Iterable[str]) -> int:
        """Forget that objects of these ids were seen; returns how many there were."""
        hashes = sorted({_hash(each.encode()) for each in ids})
        with self._write() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            return sum(
                connection.execute(delete(SEEN).where(SEEN.c.object_id.in_(some))).rowcount
                for some in _parts(hashes)
            )

    def last_runs(self) -> list[StreamReport]:
        """The last pull of each kind of object of each account; that no account could be told is
        over as soon as anything was pulled."""
        newest = (
            select(func.max(RUNS.c.id)).group_by(RUNS.c.source, RUNS.c.kind, RUNS.c.account)
        ).scalar_subquery()
        with self._read() as connection:
            rows = connection.execute(
                select(RUNS).where(RUNS.c.id.in_(newest)).order_by(RUNS.c.source, RUNS.c.id)
            ).all()
        reports = [_report(row) for row in rows]
        told = {each.source: each.started_at for each in reports if each.account}
        return [
            each
            for each in reports
            if each.account or each.started_at > told.get(each.source, _NEVER)
        ]

    def dropped(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """How many changes webhooks did not tell of, by source and kind, in pulls since then."""
        query = (
            select(RUNS.c.source, RUNS.c.kind, func.sum(RUNS.c.dropped))
            .where(RUNS.c.started_at >= to_micros(since))
            .group_by(RUNS.c.source, RUNS.c.kind)
        )
        with self._read() as connection:
            return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with unavailable(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with unavailable(), self._reader.begin() as connection:
            yield connection


def _insert(connection: Connection, into: Table) -> Any:
    made = postgres_insert if connection.dialect.name == "postgresql" else sqlite_insert
    return made(into)


def _at(table: Table, place: Place) -> Any:
    return and_(*(table.c[name] == value for name, value in asdict(place).items()))


def _raise(connection: Connection, place: Place, name: str, moment: datetime) -> None:
    column, value = CURSORS.c[name], to_micros(moment)
    behind = column.is_(None) | (column < value)
    statement = update(CURSORS).where(_at(CURSORS, place), behind)
    connection.execute(statement.values({name: value}))


def _seen(
    connection: Connection, place: Place, ids: Iterable[str]
) -> Mapping[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for some in _parts(list(ids)):
        chosen = SEEN.c.object_id.in_(some)
        columns = (SEEN.c.object_id, SEEN.c.digest, SEEN.c.seen_at)
        rows = connection.execute(select(*columns).where(_at(SEEN, place), chosen))
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _LOOKUP] for start in range(0, len(ids), _LOOKUP))


def _digest(found: Found) -> str:
    return _hash(orjson.dumps(found.content, option=orjson.OPT_SORT_KEYS))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _row(report: StreamReport) -> dict[str, Any]:
    told = {name: value for name, value in asdict(report).items() if name in RUNS.c}
    return {**told, "started_at": to_micros(report.started_at)}


def _report(row: Row[Any]) -> StreamReport:
    told = {name: value for name, value in row._mapping.items() if name != "id"}
    return StreamReport(**{**told, "started_at": from_micros(row.started_at)})
