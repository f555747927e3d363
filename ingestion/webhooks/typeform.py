"""Typeform: one response a request, keyed by ``event_id``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from ingestion.signatures import TypeformVerifier
from ingestion.webhooks.base import SplitEvent, WebhookSource, id_or_content_key


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The response as one event."""
    return [SplitEvent(id_or_content_key(_event_id(body), body), body)]


def _event_id(body: bytes) -> object:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document.get("event_id") if isinstance(document, dict) else None


SOURCE = WebhookSource("typeform", TypeformVerifier(), split)
