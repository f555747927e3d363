"""Calendly: one event a request, without an id of its own.

The key is the hash of what tells it from every other: which invitee, what happened, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from ingestion.signatures import CALENDLY
from ingestion.webhooks.base import SplitEvent, WebhookSource, content_key
from ingestion.webhooks.single import document


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The body as one event."""
    return [SplitEvent(content_key(_identity(document(body)) or body), body)]


def _identity(event: Mapping[str, object]) -> bytes | None:
    """What tells this event from every other, None when some of it is missing."""
    payload = event.get("payload")
    uri = payload.get("uri") if isinstance(payload, dict) else None
    parts = [uri, event.get("event"), event.get("created_at")]
    return orjson.dumps(parts) if all(isinstance(part, str) and part for part in parts) else None


SOURCE = WebhookSource(
    "calendly", CALENDLY, split, frozenset({CALENDLY.header}), occurred_at=("created_at",)
)
