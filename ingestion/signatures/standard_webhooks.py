"""Standard Webhooks, scheme v1: HMAC-SHA256 over ``id.timestamp.body``.

``webhook-signature`` lists signatures separated by spaces. Schemes other than v1 are passed over,
so a sender may add an asymmetric ``v1a`` beside it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingestion.errors import SecretMalformedError, SignatureInvalidError, SignatureMalformedError
from ingestion.signatures.base import (
    DEFAULT_TOLERANCE,
    SignedRequest,
    check_age,
    decode_base64,
    hmac_sha256,
    require_match,
    single_header,
    usable,
    whole_number,
)

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix, not a secret


@dataclass(frozen=True, slots=True)
class StandardWebhooksVerifier:
    """Verifies senders that follow Standard Webhooks."""

    tolerance: timedelta = DEFAULT_TOLERANCE

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        texts = usable(secrets)
        message_id = single_header(request, ID_HEADER)
        timestamp = single_header(request, TIMESTAMP_HEADER)
        sent = _v1_digests(single_header(request, SIGNATURE_HEADER))
        check_age(whole_number(timestamp, TIMESTAMP_HEADER) * 1000, now, self.tolerance)
        message = f"{message_id}.{timestamp}.".encode() + request.body
        keys = [secret_key(text) for text in texts]
        try:
            require_match((hmac_sha256(key, message) for key in keys if key), sent)
        except SignatureInvalidError:
            if None in keys:  # the secret we cannot read may be the one that signed
                raise SecretMalformedError("A secret is not whsec_ and base64.") from None
            raise

    def tolerating(self, tolerance: timedelta) -> StandardWebhooksVerifier:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)


def secret_key(secret: str) -> bytes | None:
    """The key inside ``whsec_<base64>`` (prefix and padding optional), None when it has none."""
    encoded = secret.removeprefix(_SECRET_PREFIX).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _v1_digests(header: str) -> list[bytes]:
    """The decoded v1 signatures of the list; refuses a list in which nothing can be read."""
    pairs = [entry.partition(",") for entry in header.split()]
    if not all(comma for _, comma, _ in pairs):
        raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not a list of version,signature.")
    digests = [decode_base64(signature) for version, _, signature in pairs if version == "v1"]
    return [digest for digest in digests if digest is not None]
