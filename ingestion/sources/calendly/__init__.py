"""Calendly: bookings, cancellations and no-shows."""

from ingestion.sources.calendly.source import calendly

__all__ = ["calendly"]
