"""See README.md in this folder."""

from reverse_etl.connectors.hubspot.connector import HubSpot
from reverse_etl.connectors.hubspot.settings import HubSpotSettings

__all__ = ["HubSpot", "HubSpotSettings"]
