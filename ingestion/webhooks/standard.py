"""Standard Webhooks: one event a request, keyed by the signed ``webhook-id``."""

from ingestion.signatures import StandardWebhooksVerifier
from ingestion.signatures.standard_webhooks import ID_HEADER, SIGNATURE_HEADER
from ingestion.webhooks.base import WebhookSource
from ingestion.webhooks.single import by_header

split = by_header(ID_HEADER)

SOURCE = WebhookSource(
    "standard",
    StandardWebhooksVerifier(),
    split,
    frozenset({SIGNATURE_HEADER}),
    occurred_at=("timestamp",),
)
