"""One connector a vendor; `connect` makes them from settings."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from reverse_etl.connectors.base import Connector, Context, Repeat
from reverse_etl.connectors.http import http_client
from reverse_etl.connectors.hubspot import HubSpot
from reverse_etl.connectors.hubspot_api import HubSpotSettings
from reverse_etl.connectors.meta_capi import MetaCapi, MetaSettings

__all__ = [
    "Connector",
    "Context",
    "HubSpot",
    "HubSpotSettings",
    "MetaCapi",
    "MetaSettings",
    "Repeat",
    "connect",
    "http_client",
]

Settings = HubSpotSettings | MetaSettings


def connect(settings: Iterable[Settings], client: httpx.AsyncClient) -> dict[str, Connector]:
    """Connectors by destination."""
    connectors = [_connector(each, client) for each in settings]
    return {connector.destination: connector for connector in connectors}


def _connector(settings: Settings, client: httpx.AsyncClient) -> Connector:
    match settings:
        case HubSpotSettings():
            return HubSpot(settings, client)
        case MetaSettings():
            return MetaCapi(settings, client)
