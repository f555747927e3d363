"""HubSpot: contacts, companies and deals by search, owners by list."""

from ingestion.sources.hubspot.source import hubspot

__all__ = ["hubspot"]
