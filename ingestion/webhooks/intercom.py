"""Intercom: one notification a request, keyed by its ``notif_`` id."""

from ingestion.signatures import INTERCOM
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_field

split = by_field("id")

SOURCE = WebhookSource(
    "intercom", INTERCOM, split, frozenset({INTERCOM.header}), occurred_at=("created_at",)
)
