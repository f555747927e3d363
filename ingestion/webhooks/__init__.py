"""The webhook sources: how each vendor signs, and how its requests become log events.

A new vendor is one module with a ``SOURCE`` and one line here; one that signs by HMAC may be
configuration alone (``generic``).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingestion.webhooks.base import SplitEvent, WebhookSource
from ingestion.webhooks.calendly import SOURCE as CALENDLY
from ingestion.webhooks.github import SOURCE as GITHUB
from ingestion.webhooks.hubspot import SOURCE as HUBSPOT
from ingestion.webhooks.intercom import SOURCE as INTERCOM
from ingestion.webhooks.meta import SOURCE as META
from ingestion.webhooks.salesforce import SOURCE as SALESFORCE
from ingestion.webhooks.segment import SOURCE as SEGMENT
from ingestion.webhooks.shopify import SOURCE as SHOPIFY
from ingestion.webhooks.slack import SOURCE as SLACK
from ingestion.webhooks.standard import SOURCE as STANDARD
from ingestion.webhooks.stripe import SOURCE as STRIPE
from ingestion.webhooks.typeform import SOURCE as TYPEFORM

_BUILT_IN: Final = (
    CALENDLY,
    GITHUB,
    HUBSPOT,
    INTERCOM,
    META,
    SALESFORCE,
    SEGMENT,
    SHOPIFY,
    SLACK,
    STANDARD,
    STRIPE,
    TYPEFORM,
)

SOURCES: Final[Mapping[str, WebhookSource]] = MappingProxyType(
    {source.name: source for source in _BUILT_IN}
)

__all__ = ["SOURCES", "SplitEvent", "WebhookSource"]
