"""HubSpot: a request is an array of up to 100 changes; each becomes an event of its own.

``eventId`` is not unique at HubSpot, so the key is a hash of the item, without ``attemptNumber``:
the only field that differs between a change and its repetition. An item's body is the slice of the
request that holds it, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from ingestion.signatures import HubSpotVerifier
from ingestion.webhooks.base import SplitEvent, WebhookSource, content_key

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The items of the array; a body that is no such array is one event."""
    try:
        text = body.decode()
        return [_event(item, text[start:end]) for item, start, end in _items(text)]
    except (ValueError, RecursionError):
        return [SplitEvent(content_key(body), body)]


def _event(item: object, text: str) -> SplitEvent:
    return SplitEvent(content_key(_canonical(item)), text.encode())


def _canonical(item: object) -> bytes:
    """The item without what a repetition changes, in one spelling."""
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name != "attemptNumber"}
    return json.dumps(item, sort_keys=True, separators=(",", ":")).encode()


def _items(text: str) -> Iterator[tuple[object, int, int]]:
    """Each item of a JSON array with its place in the text; ValueError when it is no array."""
    position = _after(text, 0, "[")
    if text[position : position + 1] == "]":
        return _end(text, position)
    while True:
        item, end = _DECODER.raw_decode(text, position)
        yield item, position, end
        position = _skip(text, end)
        if text[position : position + 1] == "]":
            return _end(text, position)
        position = _after(text, position, ",")


def _skip(text: str, position: int) -> int:
    """The place of the next character that is not white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _after(text: str, position: int, token: str) -> int:
    """The place of what follows ``token``."""
    position = _skip(text, position)
    if not text.startswith(token, position):
        raise ValueError(f"no {token} at {position}")
    return _skip(text, position + 1)


def _end(text: str, position: int) -> None:
    """Refuse anything after the closing bracket."""
    if _skip(text, position + 1) != len(text):
        raise ValueError(f"more text after {position}")


SOURCE = WebhookSource("hubspot", HubSpotVerifier(), split)
