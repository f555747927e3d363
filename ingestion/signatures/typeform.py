"""Typeform: ``Typeform-Signature: sha256=`` and the base64 HMAC-SHA256 of the body."""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

TYPEFORM: Final = HmacVerifier("typeform-signature", encoding="base64", prefix="sha256=")
