"""Meta: what campaigns cost by day."""

from ingestion.sources.meta.source import meta

__all__ = ["meta"]
