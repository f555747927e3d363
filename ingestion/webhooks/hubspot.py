"""HubSpot: a request is an array of up to 100 changes; each becomes an event of its own.

``eventId`` is not unique at HubSpot, so the key is a hash of the item, without ``attemptNumber``:
the only field that differs between a change and its repetition. An item's body is the slice of the
request that holds it, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ingestion.json_slices import Slice, array_items
from ingestion.signatures import HubSpotVerifier
from ingestion.signatures.hubspot import OLD_SIGNATURE_HEADER, SIGNATURE_HEADER
from ingestion.webhooks.base import SplitEvent, WebhookSource, content_key


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The items of the array; a body that is no such array is one event."""
    try:
        return [_event(item) for item in array_items(body.decode())]
    except (ValueError, RecursionError):
        return [SplitEvent(content_key(body), body)]


def _event(item: Slice) -> SplitEvent:
    return SplitEvent(content_key(_canonical(item.value)), item.text.encode())


def _canonical(item: object) -> bytes:
    """The item without what a repetition changes, in one spelling."""
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name != "attemptNumber"}
    return json.dumps(item, sort_keys=True, separators=(",", ":")).encode()


SOURCE = WebhookSource(
    "hubspot",
    HubSpotVerifier(),
    split,
    frozenset({SIGNATURE_HEADER, OLD_SIGNATURE_HEADER}),
    occurred_at=("occurredAt",),
)
