"""The webhook sources: how each vendor signs, and how its requests become log events.

A new vendor is one module with a ``SOURCE`` and one line here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestion.webhooks.base import SplitEvent, WebhookSource
from ingestion.webhooks.hubspot import SOURCE as HUBSPOT
from ingestion.webhooks.standard import SOURCE as STANDARD
from ingestion.webhooks.typeform import SOURCE as TYPEFORM

SOURCES: Final[Mapping[str, WebhookSource]] = MappingProxyType(
    {source.name: source for source in (HUBSPOT, STANDARD, TYPEFORM)}
)

__all__ = ["SOURCES", "SplitEvent", "WebhookSource"]
