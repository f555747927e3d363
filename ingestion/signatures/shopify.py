"""Shopify: ``X-Shopify-Hmac-SHA256``, the base64 HMAC-SHA256 of the body."""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

SHOPIFY: Final = HmacVerifier("x-shopify-hmac-sha256", encoding="base64")
