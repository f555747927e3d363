"""Google Ads: what campaigns cost by day, from reports that are exported into a folder."""

from ingestion.sources.google_ads.source import google_ads

__all__ = ["google_ads"]
