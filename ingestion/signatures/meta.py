"""Meta (Lead Ads and the rest of Graph): hex HMAC-SHA256 of the body under the app's secret.

The signature is over the bytes as sent, in which Meta escapes what is not ASCII.
"""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

META: Final = HmacVerifier("x-hub-signature-256", prefix="sha256=")
