"""Standard Webhooks: one event a request, keyed by the signed ``webhook-id``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.signatures import StandardWebhooksVerifier
from ingestion.signatures.standard_webhooks import ID_HEADER
from ingestion.webhooks.base import SplitEvent, WebhookSource, id_or_content_key


def split(body: bytes, headers: Mapping[str, str]) -> Sequence[SplitEvent]:
    """The body as one event."""
    return [SplitEvent(id_or_content_key(headers.get(ID_HEADER), body), body)]


SOURCE = WebhookSource("standard", StandardWebhooksVerifier(), split)
