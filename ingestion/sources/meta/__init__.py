"""Meta: what campaigns cost by day, and what people said in lead forms."""

from ingestion.sources.meta.source import meta

__all__ = ["meta"]
