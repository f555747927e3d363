"""One folder a vendor, one line in CONNECTORS; `connect` makes connectors from settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reverse_etl.connectors.base import Connector, Context
from reverse_etl.connectors.enrichment import (
    Apollo,
    ApolloSettings,
    PeopleDataLabs,
    PeopleDataLabsSettings,
)
from reverse_etl.connectors.ga4 import Ga4, Ga4Settings
from reverse_etl.connectors.http import http_client
from reverse_etl.connectors.hubspot import HubSpot, HubSpotSettings
from reverse_etl.connectors.meta import MetaCapi, MetaSettings
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.salesforce import Salesforce, SalesforceSettings
from reverse_etl.connectors.settings import ConnectorSettings
from reverse_etl.connectors.slack import Slack, SlackSettings
from reverse_etl.connectors.teams import Teams, TeamsSettings
from reverse_etl.connectors.webhook import Webhook, WebhookSettings
from reverse_etl.errors import ConfigurationError

__all__ = [
    "ApolloSettings",
    "Connector",
    "ConnectorSettings",
    "Context",
    "Ga4Settings",
    "HubSpotSettings",
    "MetaSettings",
    "Outside",
    "PeopleDataLabsSettings",
    "SalesforceSettings",
    "SlackSettings",
    "TeamsSettings",
    "WebhookSettings",
    "connect",
    "http_client",
]

CONNECTORS: Final[Mapping[type[ConnectorSettings], Callable[[Any, Outside], Connector]]] = {
    ApolloSettings: Apollo,
    Ga4Settings: Ga4,
    HubSpotSettings: HubSpot,
    MetaSettings: MetaCapi,
    PeopleDataLabsSettings: PeopleDataLabs,
    SalesforceSettings: Salesforce,
    SlackSettings: Slack,
    TeamsSettings: Teams,
    WebhookSettings: Webhook,
}


def connect(settings: Iterable[ConnectorSettings], outside: Outside) -> dict[str, Connector]:
    """Connectors by destination. Raises ConfigurationError for one without its credentials."""
    connectors = [_connector(each, outside) for each in settings]
    return {connector.destination: connector for connector in connectors}


def _connector(settings: ConnectorSettings, outside: Outside) -> Connector:
    if settings.missing:
        name, fields = type(settings).__name__, ", ".join(settings.missing)
        raise ConfigurationError(f"{name} lack {fields}.", code="CREDENTIAL_MISSING")
    return CONNECTORS[type(settings)](settings, outside)
