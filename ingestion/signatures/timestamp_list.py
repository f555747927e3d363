"""``t=<seconds>,v1=<hex>``: the HMAC-SHA256 of ``timestamp.body``, in a list in one header.

The list may hold several v1 signatures, one for each secret while one is being replaced. Other
schemes in it are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingestion.errors import SignatureMalformedError
from ingestion.signatures.base import (
    DEFAULT_TOLERANCE,
    SignedRequest,
    check_age,
    decode_hex,
    hmac_sha256,
    require_few,
    require_match,
    single_header,
    usable,
    utf8,
    whole_number,
)


@dataclass(frozen=True, slots=True)
class TimestampListVerifier:
    """Verifies a request by the list in the header ``header`` (lower case)."""

    header: str
    tolerance: timedelta = DEFAULT_TOLERANCE

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        keys = usable(secrets)
        timestamp, digests = self._read(single_header(request, self.header))
        check_age(whole_number(timestamp, self.header) * 1000, now, self.tolerance)
        message = timestamp.encode() + b"." + request.body
        require_match((hmac_sha256(utf8(key), message) for key in keys), digests)

    def tolerating(self, tolerance: timedelta) -> TimestampListVerifier:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)

    def _read(self, text: str) -> tuple[str, list[bytes]]:
        """The one timestamp, and the v1 signatures that can be read."""
        pairs = [entry.strip().partition("=") for entry in text.split(",")]
        times = [value for name, _, value in pairs if name == "t"]
        decoded = [decode_hex(value) for name, _, value in pairs if name == "v1"]
        digests = [digest for digest in decoded if digest is not None]
        if len(times) != 1 or not digests:
            raise SignatureMalformedError(f"{self.header} is not one t= and some v1=<hex>.")
        require_few(digests, self.header)
        return times[0], digests
