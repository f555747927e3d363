"""Proof that a request comes from the vendor: one scheme a module, one protocol for all."""

from ingestion.signatures.base import DEFAULT_TOLERANCE, SignedRequest, Verifier
from ingestion.signatures.calendly import CALENDLY
from ingestion.signatures.github import GITHUB
from ingestion.signatures.hmac_header import HmacVerifier
from ingestion.signatures.hubspot import HubSpotVerifier
from ingestion.signatures.intercom import INTERCOM
from ingestion.signatures.meta import META
from ingestion.signatures.salesforce import SalesforceVerifier
from ingestion.signatures.segment import SegmentVerifier
from ingestion.signatures.shopify import SHOPIFY
from ingestion.signatures.slack import SLACK
from ingestion.signatures.standard_webhooks import StandardWebhooksVerifier
from ingestion.signatures.stripe import STRIPE
from ingestion.signatures.timestamp_list import TimestampListVerifier
from ingestion.signatures.typeform import TYPEFORM

__all__ = [
    "CALENDLY",
    "DEFAULT_TOLERANCE",
    "GITHUB",
    "INTERCOM",
    "META",
    "SHOPIFY",
    "SLACK",
    "STRIPE",
    "TYPEFORM",
    "HmacVerifier",
    "HubSpotVerifier",
    "SalesforceVerifier",
    "SegmentVerifier",
    "SignedRequest",
    "StandardWebhooksVerifier",
    "TimestampListVerifier",
    "Verifier",
]
