"""Shopify: one event a request, keyed by ``X-Shopify-Webhook-Id``, which a retry keeps.

Shopify does not sign that header, so a captured request with another id in it is another event.
"""

from ingestion.signatures import SHOPIFY
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_header

split = by_header("x-shopify-webhook-id")

SOURCE = WebhookSource(
    "shopify", SHOPIFY, split, frozenset({SHOPIFY.header}), occurred_at=("updated_at",)
)
