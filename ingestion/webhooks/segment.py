"""Segment: one event or a batch of them; each becomes an event, keyed by its ``messageId``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.json_slices import Slice, array_items
from ingestion.signatures import SegmentVerifier
from ingestion.signatures.segment import SIGNATURE_HEADER, batch_text
from ingestion.webhooks.base import SplitEvent, WebhookSource, id_or_content_key
from ingestion.webhooks.single import by_field

_alone = by_field("messageId")


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The events of the batch as they were sent; a body that is no batch is one event."""
    batch = batch_text(body)
    try:
        return [_event(item) for item in array_items(batch)] if batch else _alone(body, headers)
    except (ValueError, RecursionError):
        return _alone(body, headers)


def _event(item: Slice) -> SplitEvent:
    identifier = item.value.get("messageId") if isinstance(item.value, dict) else None
    body = item.text.encode()
    return SplitEvent(id_or_content_key(identifier, body), body)


SOURCE = WebhookSource(
    "segment", SegmentVerifier(), split, frozenset({SIGNATURE_HEADER}), occurred_at=("timestamp",)
)
