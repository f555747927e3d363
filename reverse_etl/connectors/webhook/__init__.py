"""See README.md in this folder."""

from reverse_etl.connectors.webhook.connector import Webhook
from reverse_etl.connectors.webhook.settings import WebhookSettings

__all__ = ["Webhook", "WebhookSettings"]
