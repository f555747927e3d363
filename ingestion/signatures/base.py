"""What every signature scheme shares: the request as it was signed, and the checks around it."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from ingestion.errors import (
    SecretMissingError,
    SignatureInvalidError,
    SignatureMalformedError,
    SignatureMissingError,
    TimestampFutureError,
    TimestampMalformedError,
    TimestampStaleError,
)

DEFAULT_TOLERANCE = timedelta(minutes=5)

# More signatures than any rotation needs; each costs a comparison, an asymmetric one far more.
_MOST_SIGNATURES = 16

# Sixteen digits hold every moment to the year 9999, in milliseconds too, and stay exact.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as the vendor signed it.

    ``url`` is the address the vendor called (behind a proxy: the public one), percent-encoded as
    it was sent. ``headers`` are (lower-case name, value) pairs; a name may come more than once.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> Iterator[str]:
        """Every value of the header ``name`` (lower case), in order of arrival."""
        return (value for key, value in self.headers if key == name)


class Verifier(Protocol):
    """One vendor's signature scheme. Implementations read no clock and keep no state."""

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """Return when one of ``secrets`` signed the request; more than one is for rotation.

        Raises SignatureError when the request is not proven, SecretMissingError or
        SecretMalformedError when there is nothing to prove it with.
        """

    def tolerating(self, tolerance: timedelta) -> Self:
        """The same scheme, with another limit on the age of a timestamp."""


def single_header(request: SignedRequest, name: str) -> str:
    """The one value of a header; refuses a header that came twice, whoever added the second."""
    values = list(request.values(name))
    if len(values) > 1:
        raise SignatureMalformedError(f"The header {name} came {len(values)} times.")
    if not values or not values[0].strip():
        raise SignatureMissingError(f"The header {name} is missing or empty.")
    if not values[0].isascii():
        raise SignatureMalformedError(f"The header {name} is not ASCII.")
    return values[0].strip()


def whole_number(text: str, header: str) -> int:
    """A timestamp's digits as an integer."""
    if not _WHOLE_NUMBER.fullmatch(text):
        raise TimestampMalformedError(f"The header {header} is not a whole number.")
    return int(text)


def check_age(signed_at_ms: int, now: datetime, tolerance: timedelta) -> None:
    """Refuse a timestamp (milliseconds) further than ``tolerance`` from ``now``, either way."""
    age_ms = int(now.timestamp() * 1000) - signed_at_ms
    limit_ms = tolerance // timedelta(milliseconds=1)
    if age_ms > limit_ms:
        raise TimestampStaleError(f"The request was signed {age_ms // 1000} s ago.")
    if age_ms < -limit_ms:
        raise TimestampFutureError(
            f"The request was signed {-age_ms // 1000} s ahead of our clock."
        )


def usable(secrets: Sequence[str]) -> list[str]:
    """The secrets that are not blank: an empty key would let anybody sign."""
    kept = [secret.strip() for secret in secrets if secret.strip()]
    if not kept:
        raise SecretMissingError
    return kept


def utf8(text: str) -> bytes:
    """UTF-8, also of what is no valid text: an odd address or secret must not end in a crash."""
    return text.encode("utf-8", "surrogatepass")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The digest of ``message`` under ``key``."""
    return hmac.digest(key, message, "sha256")


def decode_base64(text: str) -> bytes | None:
    """The bytes of strict base64, None when ``text`` is something else."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None


def decode_hex(text: str) -> bytes | None:
    """The bytes of hexadecimal digits, None when ``text`` is something else."""
    try:
        return binascii.unhexlify(text)
    except (ValueError, binascii.Error):
        return None


def require_few(signatures: Sequence[object], header: str) -> None:
    """Refuse a list of signatures that is only there to keep us busy."""
    if len(signatures) > _MOST_SIGNATURES:
        raise SignatureMalformedError(f"{header} lists {len(signatures)} signatures.")


def require_match(expected: Iterable[bytes], sent: Sequence[bytes]) -> None:
    """Refuse unless one sent digest equals one expected; each pair compared in constant time."""
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in sent]
    if not any(matches):
        raise SignatureInvalidError
