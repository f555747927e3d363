"""Events as JSON lines: out of a log, into a log, and into the same log once more."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ingestion.errors import LineError
from ingestion.event_log.log import EventLog
from ingestion.event_log.model import Appended, LoggedEvent, NewEvent, body_hash

_PAGE: Final = 1000
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_REPLAY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that could not be imported; lines count from 1. ``detail`` repeats no values."""

    line: int
    code: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the lines: ``appended + duplicates + len(problems)`` lines were read."""

    appended: int
    duplicates: int
    problems: Sequence[LineProblem]


def to_line(event: LoggedEvent) -> bytes:
    """An event as one JSON line. ``body`` is text; where it is no UTF-8, ``body_base64`` has it."""
    fields: dict[str, Any] = {
        "position": event.position,
        "source": event.source,
        "event_key": event.event_key,
        "kind": event.kind,
        "received_at": event.received_at,
        "correlation_id": event.correlation_id,
        "historical": event.historical,
        "body": event.body.decode(errors="replace"),
    }
    if fields["body"].encode() != event.body:
        fields["body_base64"] = base64.b64encode(event.body).decode()
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def export(log: EventLog, *, after: int = 0) -> Iterator[bytes]:
    """Every event behind ``after`` as JSON lines, page by page."""
    while page := log.read(after=after, limit=_PAGE):
        yield from map(to_line, page)
        after = page[-1].position


def parse_line(line: bytes, now: datetime, new_id: Callable[[], str]) -> NewEvent:
    """The event of one JSON line, marked as backfill; raises LineError.

    Demanded are ``source`` and ``body`` (text, or a JSON object or array). ``event_key`` defaults
    to the hash of the body, ``received_at`` to ``now``, ``correlation_id`` to ``new_id()``.
    """
    fields = _object(line)
    body = _body(fields)
    return NewEvent(
        source=_source(fields),
        event_key=_text(fields, "event_key") or body_hash(body),
        kind="backfill",
        received_at=_moment(fields) or now,
        body=body,
        headers={},
        correlation_id=_text(fields, "correlation_id") or new_id(),
        historical=True,
    )


def append_lines(
    log: EventLog, lines: Iterable[bytes], now: datetime, new_id: Callable[[], str]
) -> ImportReport:
    """Import JSON lines. A bad line is reported and does not stop its neighbours.

    Importing the same file again stores nothing twice. Blank lines are passed over.
    """
    problems: list[LineProblem] = []
    answers: list[Appended] = []
    page: list[NewEvent] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            page.append(parse_line(line, now, new_id))
        except LineError as error:
            problems.append(LineProblem(number, error.code, str(error), error.remedy))
        if len(page) == _PAGE:
            answers += log.append(page)
            page.clear()
    answers += log.append(page) if page else []
    duplicates = sum(answer.duplicate for answer in answers)
    return ImportReport(len(answers) - duplicates, duplicates, problems)


def replay(
    log: EventLog, positions: Iterable[int], replay_id: str, now: datetime
) -> list[Appended]:
    """Append stored events once more, under keys of their own, so that they are taken as new.

    The same ``replay_id`` again is a duplicate. The copy keeps the correlation id of its original.
    """
    if not _REPLAY_ID.fullmatch(replay_id):
        raise LineError("A replay id has 1 to 64 letters, digits, dots, dashes or underscores.")
    return log.append([_again(event, replay_id, now) for event in log.at(positions)])


def _again(event: LoggedEvent, replay_id: str, now: datetime) -> NewEvent:
    return NewEvent(
        source=event.source,
        event_key=f"replay:{replay_id}:{event.event_key}",
        kind=event.kind,
        received_at=now,
        body=event.body,
        headers=event.headers,
        correlation_id=event.correlation_id,
        historical=event.historical,
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError(f"The line is no JSON: {error.msg} at column {error.colno}.") from None
    if not isinstance(fields, dict):
        raise LineError("The line is JSON, but no object.")
    return fields


def _text(fields: dict[str, Any], name: str) -> str | None:
    """An optional text field, None when it is absent, null or empty."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise LineError(f'"{name}" is not text.')
    return value or None


def _source(fields: dict[str, Any]) -> str:
    source = _text(fields, "source")
    if source is None or not _SOURCE.fullmatch(source):
        raise LineError('"source" is missing or is no lower-case name.')
    return source


def _body(fields: dict[str, Any]) -> bytes:
    encoded = _text(fields, "body_base64")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise LineError('"body_base64" is no base64.') from None
    match fields.get("body"):
        case str(text):
            return text.encode()
        case dict() | list() as document:
            return orjson.dumps(document)
    raise LineError('"body" is missing, or neither text nor an object nor an array.')


def _moment(fields: dict[str, Any]) -> datetime | None:
    """``received_at`` in UTC; a time without a zone would be a guess, so it is refused."""
    text = _text(fields, "received_at")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LineError('"received_at" is no ISO 8601 time.') from None
    if moment.tzinfo is None:
        raise LineError('"received_at" has no time zone.')
    return moment.astimezone(UTC)
