"""HubSpot v3: base64 HMAC-SHA256 over method, URI, body and a timestamp in milliseconds.

HubSpot signs the URI it called with a fixed set of percent-escapes undone. Its own client leaves
the URI as it is given; for addresses without these escapes, both agree.
"""

from __future__ import annotations

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
    hmac_sha256,
    require_match,
    single_header,
    usable,
    utf8,
    whole_number,
)

SIGNATURE_HEADER = "x-hubspot-signature-v3"
TIMESTAMP_HEADER = "x-hubspot-request-timestamp"

# The escapes that HubSpot documents as undone before signing; %20 and the rest stay as they are.
_UNDONE: Final = {f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"}
_ESCAPE: Final = re.compile("|".join(_UNDONE), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HubSpotVerifier:
    """Verifies HubSpot webhooks by the v3 signature; v1 and v2 cannot be dated, so do not count."""

    tolerance: timedelta = DEFAULT_TOLERANCE

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        keys = usable(secrets)
        digest = decode_base64(single_header(request, SIGNATURE_HEADER))
        timestamp = single_header(request, TIMESTAMP_HEADER)
        if digest is None:
            raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not base64.")
        check_age(whole_number(timestamp, TIMESTAMP_HEADER), now, self.tolerance)
        prefix = f"{request.method}{signed_uri(request.url)}"
        message = utf8(prefix) + request.body + timestamp.encode()
        require_match((hmac_sha256(utf8(key), message) for key in keys), [digest])

    def tolerating(self, tolerance: timedelta) -> HubSpotVerifier:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)


def signed_uri(url: str) -> str:
    """The URI as HubSpot signs it."""
    if "%" not in url:
        return url
    return _ESCAPE.sub(lambda match: _UNDONE[match.group().upper()], url)
