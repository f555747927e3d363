"""Events as JSON lines: out of a log, into a log, and into the same log once more."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import orjson

from ingestion.errors import DumpBrokenError, IngestionError, LineError
from ingestion.event_log.erased import is_tombstone
from ingestion.event_log.log import EventLog
from ingestion.event_log.model import Appended, LoggedEvent, NewEvent, body_hash

_PAGE: Final = 1000
PROBLEMS_KEPT: Final = 100
_LINE_BYTES: Final = (
    32 * 1024 * 1024
)  # what has no line breaks is no dump, and must not fill memory
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_REPLAY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


LineParser = Callable[[bytes], Sequence[NewEvent]]
"""The events of a line; raises LineError."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that could not be imported; lines count from 1. ``detail`` repeats no values."""

    line: int
    code: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the lines: events that are new and that were there before, and the lines that
    were refused, the first ``PROBLEMS_KEPT`` of which are told one by one."""

    appended: int
    duplicates: int
    refused: int
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
    log: EventLog,
    stream: BinaryIO,
    parse: LineParser,
    progress: Callable[[int], None] = lambda _lines: None,
) -> ImportReport:
    """Import lines, page by page. A bad line is reported and does not stop its neighbours; a stream
    that breaks off is reported at the line where it does, and what was read before it stays.

    Importing the same stream again stores nothing twice. Blank lines are passed over.
    ``progress`` is told after each page how many lines were read.
    """
    appended = duplicates = 0
    refused: list[LineProblem] = []
    total = 0
    for number, events, problem in _pages(stream, parse):
        answers = log.append(events) if events else []
        repeated = sum(answer.duplicate for answer in answers)
        appended, duplicates = appended + len(answers) - repeated, duplicates + repeated
        total += len(problem)
        refused += problem[: PROBLEMS_KEPT - len(refused)]
        progress(number)
    return ImportReport(appended, duplicates, total, refused)


def _pages(
    stream: BinaryIO, parse: LineParser
) -> Iterator[tuple[int, list[NewEvent], list[LineProblem]]]:
    """Lines read so far, with events and problems since the last page."""
    events: list[NewEvent] = []
    problems: list[LineProblem] = []
    number = size = 0
    for number, line in enumerate(_lines(stream), start=1):
        try:
            found: Sequence[NewEvent] = _events(line, parse)
        except IngestionError as error:
            problems.append(LineProblem(number, error.code, str(error), error.remedy))
            found = ()
        events += found
        size += sum(len(event.body) for event in found)
        if len(events) + len(problems) >= _PAGE or size > _LINE_BYTES:
            yield number, events, problems
            events, problems, size = [], [], 0
    yield number, events, problems


def _lines(stream: BinaryIO) -> Iterator[bytes | DumpBrokenError]:
    """Lines; in the place of one that cannot be read, the last, why."""
    try:
        while line := stream.readline(_LINE_BYTES):
            yield line
    except (EOFError, OSError, zlib.error) as error:
        yield DumpBrokenError(f"The file breaks off here: {error}.")


def _events(line: bytes | DumpBrokenError, parse: LineParser) -> Sequence[NewEvent]:
    if isinstance(line, DumpBrokenError):
        raise line
    if len(line) == _LINE_BYTES:
        raise LineError(f"The line is longer than {_LINE_BYTES} bytes.")
    return parse(line) if line.strip() else ()


def replay(
    log: EventLog, positions: Iterable[int], replay_id: str, now: datetime
) -> list[Appended]:
    """Append stored events once more, under keys of their own, so that they are taken as new.

    Events that were erased are left out. The same ``replay_id`` again is a duplicate. The copy
    keeps the correlation id of its original.
    """
    if not _REPLAY_ID.fullmatch(replay_id):
        raise LineError("A replay id has 1 to 64 letters, digits, dots, dashes or underscores.")
    found = [event for event in log.at(positions) if not is_tombstone(event.body)]
    return log.append([_again(event, replay_id, now) for event in found])


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
