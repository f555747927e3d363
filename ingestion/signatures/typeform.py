"""Typeform: ``Typeform-Signature: sha256=`` and the base64 HMAC-SHA256 of the body.

The scheme signs no timestamp, so a captured request stays valid; the event log's unique key is
what makes a repeat harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.errors import SignatureMalformedError
from ingestion.signatures.base import (
    SignedRequest,
    decode_base64,
    hmac_sha256,
    require_match,
    single_header,
    usable,
    utf8,
)

SIGNATURE_HEADER = "typeform-signature"
_PREFIX = "sha256="


@dataclass(frozen=True, slots=True)
class TypeformVerifier:
    """Verifies Typeform webhooks."""

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``; ``now`` does not matter to this scheme."""
        keys = usable(secrets)
        header = single_header(request, SIGNATURE_HEADER)
        digest = decode_base64(header.removeprefix(_PREFIX))
        if not header.startswith(_PREFIX) or digest is None:
            raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not {_PREFIX} and base64.")
        require_match((hmac_sha256(utf8(key), request.body) for key in keys), [digest])

    def tolerating(self, tolerance: timedelta) -> TypeformVerifier:
        """The same verifier: without a timestamp there is no age to limit."""
        return self
