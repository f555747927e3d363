"""Standard Webhooks, v1 and v1a: HMAC-SHA256 and Ed25519 over ``id.timestamp.body``.

``webhook-signature`` lists signatures separated by spaces. A secret ``whsec_<base64>`` (the prefix
may be missing) judges the v1 ones, a public key ``whpk_<base64>`` the v1a ones; other schemes are
passed over. A public key is no secret: without its prefix it would be taken for one, so keep it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ingestion.errors import SecretMalformedError, SignatureInvalidError, SignatureMalformedError
from ingestion.signatures.base import (
    DEFAULT_TOLERANCE,
    SignedRequest,
    check_age,
    decode_base64,
    hmac_sha256,
    require_few,
    require_match,
    single_header,
    usable,
    whole_number,
)

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix, not a secret
_PUBLIC_PREFIX = "whpk_"


@dataclass(frozen=True, slots=True)
class StandardWebhooksVerifier:
    """Verifies senders that follow Standard Webhooks."""

    tolerance: timedelta = DEFAULT_TOLERANCE

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        texts = usable(secrets)
        message_id = single_header(request, ID_HEADER)
        timestamp = single_header(request, TIMESTAMP_HEADER)
        sent = _signatures(single_header(request, SIGNATURE_HEADER))
        check_age(whole_number(timestamp, TIMESTAMP_HEADER) * 1000, now, self.tolerance)
        message = f"{message_id}.{timestamp}.".encode() + request.body
        keys = [secret_key(text) for text in texts if not text.startswith(_PUBLIC_PREFIX)]
        public = [public_key(text) for text in texts if text.startswith(_PUBLIC_PREFIX)]
        if _signed(public, message, [digest for version, digest in sent if version == "v1a"]):
            return
        v1 = [digest for version, digest in sent if version == "v1"]
        try:
            require_match((hmac_sha256(key, message) for key in keys if key), v1)
        except SignatureInvalidError:
            if None in keys or None in public:  # the one we cannot read may be the one that signed
                raise SecretMalformedError("A secret is not whsec_ or whpk_, and base64.") from None
            raise

    def tolerating(self, tolerance: timedelta) -> StandardWebhooksVerifier:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)


def secret_key(secret: str) -> bytes | None:
    """The key inside ``whsec_<base64>`` (prefix and padding optional), None when it has none."""
    return _padded_base64(secret.removeprefix(_SECRET_PREFIX))


def public_key(text: str) -> Ed25519PublicKey | None:
    """The key inside ``whpk_<base64>``, None when it has none."""
    raw = _padded_base64(text.removeprefix(_PUBLIC_PREFIX))
    try:
        return Ed25519PublicKey.from_public_bytes(raw) if raw else None
    except ValueError:
        return None


def _padded_base64(text: str) -> bytes | None:
    encoded = text.rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _signatures(header: str) -> list[tuple[str, bytes]]:
    """Version and bytes of each signature that can be read; refuses what is no such list."""
    pairs = [entry.partition(",") for entry in header.split()]
    if not all(comma for _, comma, _ in pairs):
        raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not a list of version,signature.")
    require_few(pairs, SIGNATURE_HEADER)
    decoded = [(version, decode_base64(signature)) for version, _, signature in pairs]
    return [(version, digest) for version, digest in decoded if digest is not None]


def _signed(
    keys: Iterable[Ed25519PublicKey | None], message: bytes, signatures: Sequence[bytes]
) -> bool:
    """Whether one of the keys made one of the signatures."""
    return any(
        _signed_by(key, message, signature) for key in keys if key for signature in signatures
    )


def _signed_by(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
