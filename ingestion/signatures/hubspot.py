"""HubSpot: v3, an HMAC-SHA256 with a timestamp; and, where allowed, the older v1 and v2.

v1 and v2 are plain SHA-256 hashes that begin with the secret: they cannot be dated, and whoever
has one can extend the body and the hash without the secret. So they count only where they are
allowed, and a request that carries a v3 signature is always judged by that one.

HubSpot signs the URI it called with a fixed set of percent-escapes undone (v3). Its own client
leaves the URI as it is given; for addresses without these escapes, both agree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ingestion.errors import SignatureMalformedError
from ingestion.signatures.base import (
    DEFAULT_TOLERANCE,
    SignedRequest,
    check_age,
    decode_base64,
    decode_hex,
    hmac_sha256,
    require_match,
    single_header,
    usable,
    utf8,
    whole_number,
)

SIGNATURE_HEADER = "x-hubspot-signature-v3"
TIMESTAMP_HEADER = "x-hubspot-request-timestamp"
OLD_SIGNATURE_HEADER = "x-hubspot-signature"
OLD_VERSION_HEADER = "x-hubspot-signature-version"

# The escapes that HubSpot documents as undone before signing; %20 and the rest stay as they are.
_UNDONE: Final = {f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"}
_ESCAPE: Final = re.compile("|".join(_UNDONE), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HubSpotVerifier:
    """Verifies HubSpot webhooks. ``versions``: of ``v1``, ``v2`` and ``v3``, those that count."""

    tolerance: timedelta = DEFAULT_TOLERANCE
    versions: frozenset[str] = frozenset({"v3"})

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        keys = usable(secrets)
        if self.versions <= {"v3"} or any(request.values(SIGNATURE_HEADER)):
            self._verify_v3(request, keys, now)
        else:
            self._verify_old(request, keys)

    def tolerating(self, tolerance: timedelta) -> HubSpotVerifier:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)

    def _verify_v3(self, request: SignedRequest, keys: Sequence[str], now: datetime) -> None:
        digest = decode_base64(single_header(request, SIGNATURE_HEADER))
        timestamp = single_header(request, TIMESTAMP_HEADER)
        if digest is None:
            raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not base64.")
        check_age(whole_number(timestamp, TIMESTAMP_HEADER), now, self.tolerance)
        prefix = f"{request.method}{signed_uri(request.url)}"
        message = utf8(prefix) + request.body + timestamp.encode()
        require_match((hmac_sha256(utf8(key), message) for key in keys), [digest])

    def _verify_old(self, request: SignedRequest, keys: Sequence[str]) -> None:
        digest = decode_hex(single_header(request, OLD_SIGNATURE_HEADER))
        version = single_header(request, OLD_VERSION_HEADER).lower()
        if digest is None or version not in self.versions:
            raise SignatureMalformedError(f"{OLD_SIGNATURE_HEADER} is no version taken here.")
        start = f"{request.method}{request.url}" if version == "v2" else ""
        message = utf8(start) + request.body
        ours = (hashlib.sha256(utf8(key) + message).digest() for key in keys)
        require_match(ours, [digest])


def signed_uri(url: str) -> str:
    """The URI as HubSpot signs it."""
    if "%" not in url:
        return url
    return _ESCAPE.sub(lambda match: _UNDONE[match.group().upper()], url)
