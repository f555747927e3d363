"""Stripe: customers, and the events of the last thirty days."""

from ingestion.sources.stripe.source import stripe

__all__ = ["stripe"]
