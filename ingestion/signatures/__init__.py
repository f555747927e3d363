"""Proof that a request comes from the vendor: one scheme a module, one protocol for all."""

from ingestion.signatures.base import DEFAULT_TOLERANCE, SignedRequest, Verifier
from ingestion.signatures.hubspot import HubSpotVerifier
from ingestion.signatures.standard_webhooks import StandardWebhooksVerifier
from ingestion.signatures.typeform import TypeformVerifier

__all__ = [
    "DEFAULT_TOLERANCE",
    "HubSpotVerifier",
    "SignedRequest",
    "StandardWebhooksVerifier",
    "TypeformVerifier",
    "Verifier",
]
