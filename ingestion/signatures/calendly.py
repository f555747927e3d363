"""Calendly: ``Calendly-Webhook-Signature``, made as Stripe's; Calendly advises three minutes."""

from datetime import timedelta
from typing import Final

from ingestion.signatures.timestamp_list import TimestampListVerifier

CALENDLY: Final = TimestampListVerifier("calendly-webhook-signature", timedelta(minutes=3))
