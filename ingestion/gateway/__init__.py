"""The gateway: takes signed webhooks, stores them, answers. Nothing is understood here."""

from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig

__all__ = ["GatewayConfig", "create_app"]
