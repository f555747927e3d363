"""Stripe: one event a request, keyed by its ``evt_`` id."""

from ingestion.signatures import STRIPE
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_field

split = by_field("id")

SOURCE = WebhookSource(
    "stripe", STRIPE, split, frozenset({STRIPE.header}), occurred_at=("created",)
)
