"""Intercom: ``X-Hub-Signature: sha1=`` and the hex HMAC-SHA1 of the body.

SHA-1's known collisions do not touch HMAC: forging one still takes the secret.
"""

from typing import Final

from ingestion.signatures.hmac_header import HmacVerifier

INTERCOM: Final = HmacVerifier("x-hub-signature", algorithm="sha1", prefix="sha1=")
