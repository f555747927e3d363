"""Stripe: ``Stripe-Signature``, a timestamp and signatures in one list."""

from typing import Final

from ingestion.signatures.timestamp_list import TimestampListVerifier

STRIPE: Final = TimestampListVerifier("stripe-signature")
