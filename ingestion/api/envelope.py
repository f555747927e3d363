"""What a request says, and which of its events can be stored. Pure.

Only the envelope is judged: whether it is an object, names its type and a source that the key may
write to, has a usable id and a bearable size. What an event *says* is judged by its contract, after
the acknowledgement. Details never repeat a value that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ingestion.api.keys import ApiKey
from ingestion.api.scopes import EVERY_SOURCE, is_source_name
from ingestion.contracts.parse import parse
from ingestion.errors import (
    BatchTooLargeError,
    EventInvalidError,
    RequestInvalidError,
    ScopeDeniedError,
)
from ingestion.webhooks.base import content_key

MAX_EVENTS: Final = 1_000
MAX_EVENT_BYTES: Final = 256 * 1024

OWN_NAMES: Final = frozenset({"api", "gateway", "millrace", "unknown"})
"""Names that stand for something else in log, counters and metrics."""

_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,200}", re.ASCII)
_MAX_TYPE: Final = 200


@dataclass(frozen=True, slots=True)
class Items:
    """What was sent: one event, or a batch. None of them is judged yet."""

    items: Sequence[object]
    batch: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that can be stored once it has a time."""

    source: str
    event_key: str
    document: Mapping[str, Any]

    @property
    def timed(self) -> bool:
        """Whether it says when it happened."""
        return self.document.get("timestamp") is not None

    def body(self, received_at: datetime) -> bytes:
        """The text that is stored; an event without a time happened when it was received."""
        if self.timed:
            return orjson.dumps(self.document)
        return orjson.dumps({**self.document, "timestamp": _iso(received_at)})


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides on the events of one request.

    ``reserved``: names of sources that prove themselves in another way. ``request_key``: what
    identifies the request, where its sender named it.
    """

    key: ApiKey
    reserved: frozenset[str]
    request_key: str | None

    def draft(self, index: int, item: object) -> Draft:
        """The event to store. Raises EventInvalidError or ScopeDeniedError."""
        event = _object(item)
        source = self._source(event)
        if not isinstance(event.get("type"), str) or not 0 < len(event["type"]) <= _MAX_TYPE:
            raise EventInvalidError(f"`type` is not a text of 1 to {_MAX_TYPE} characters.")
        document = _document(event)
        content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        if len(content) > MAX_EVENT_BYTES:
            raise EventInvalidError(f"The event has more than {MAX_EVENT_BYTES} bytes.")
        return Draft(source, self._event_key(index, event.get("id"), content), document)

    def _source(self, event: Mapping[str, Any]) -> str:
        source = event.get("source")
        if source is None:
            source = self._only_source()
        if not is_source_name(source):
            raise EventInvalidError("`source` is not a name of the form [a-z][a-z0-9_]{0,62}.")
        if source in self.reserved or source in OWN_NAMES:
            raise EventInvalidError(f"The source name {source} is taken; choose another one.")
        if not self.key.allows(source, "write"):
            raise ScopeDeniedError(f"This needs the scope {source}:write.")
        return str(source)

    def _only_source(self) -> str:
        sources = self.key.sources("write")
        if len(sources) != 1 or EVERY_SOURCE in sources:
            raise EventInvalidError("`source` is missing; the key may write to more than one.")
        return next(iter(sources))

    def _event_key(self, index: int, identifier: object, content: bytes) -> str:
        """What identifies the event within its source, whichever key sent it: the sender's id;
        else its place in a request that can be recognised; else its content."""
        if identifier is not None:
            if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
                raise EventInvalidError(f"`id` is not a text of the form {_ID.pattern}.")
            return identifier
        if self.request_key is not None:
            return content_key(f"{self.key.id}\n{self.request_key}\n{index}".encode())
        return content_key(content)


def read_items(body: bytes) -> Items:
    """The events of a body. Raises RequestInvalidError or BatchTooLargeError."""
    parsed = parse(body)
    if parsed is None:
        raise RequestInvalidError("The body is no JSON text in UTF-8, or is nested too deeply.")
    document = parsed.document
    if not isinstance(document, dict):
        raise RequestInvalidError("The body is not a JSON object.")
    if "events" not in document:
        return Items([document], batch=False)
    if len(document) > 1 or not isinstance(document["events"], list) or not document["events"]:
        raise RequestInvalidError("A batch is an object with nothing but a full array `events`.")
    if len(document["events"]) > MAX_EVENTS:
        raise BatchTooLargeError(f"{len(document['events'])} events; {MAX_EVENTS} are taken.")
    return Items(document["events"], batch=True)


def _object(item: object) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise EventInvalidError("The event is not a JSON object.")
    return item


def _document(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as the contracts want it: what every event has comes first, all else is kept."""
    first = {name: event[name] for name in ("type", "timestamp", "data") if name in event}
    return {**first, **{name: value for name, value in event.items() if name != "source"}}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
