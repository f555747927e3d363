"""GitHub: ``X-Hub-Signature-256: sha256=`` and the hex HMAC-SHA256 of the body."""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

GITHUB: Final = HmacVerifier("x-hub-signature-256", prefix="sha256=")
