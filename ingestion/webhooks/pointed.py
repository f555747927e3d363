"""Events and their keys where configuration says they are: at a JSON pointer, or in a header."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion.json_slices import array_items, at_pointer
from ingestion.webhooks.base import SplitEvent, content_key, id_or_content_key


@dataclass(frozen=True, slots=True)
class PointedSplit:
    """Splits a body into the events of the array at ``events``; None: the body is one event.

    A key is the value at the pointer ``key_pointer`` of an event, or that of the request's header
    ``key_header``, with the event's place in a split request; else, or where that cannot serve as
    a key, the hash of the event.
    """

    events: str | None = None
    key_pointer: str | None = None
    key_header: str | None = None

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
        """See ``Split``."""
        identifier = headers.get(self.key_header) if self.key_header else None
        if self.events is None:
            return [self._event(body, identifier)]
        try:
            items = [item.text for item in array_items(at_pointer(body.decode(), self.events))]
        except (ValueError, LookupError, RecursionError):
            return [SplitEvent(content_key(body), body)]
        return [
            self._event(item.encode(), f"{identifier}/{place}" if identifier else None)
            for place, item in enumerate(items)
        ]

    def _event(self, body: bytes, identifier: str | None) -> SplitEvent:
        if self.key_pointer is not None:
            identifier = _text_at(body, self.key_pointer)
        return SplitEvent(id_or_content_key(identifier, body), body)


def _text_at(body: bytes, pointer: str) -> str | None:
    """The text, or the whole number as text, at a pointer; None where there is neither."""
    try:
        value = json.loads(at_pointer(body.decode(), pointer))
    except (ValueError, LookupError, RecursionError):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
