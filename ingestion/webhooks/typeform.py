"""Typeform: one response a request, keyed by ``event_id``."""

from ingestion.signatures import TYPEFORM
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_field

split = by_field("event_id")

SOURCE = WebhookSource(
    "typeform",
    TYPEFORM,
    split,
    frozenset({TYPEFORM.header}),
    occurred_at=("form_response", "submitted_at"),
)
