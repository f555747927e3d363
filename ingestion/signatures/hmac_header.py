"""An HMAC in one header: the scheme that most vendors use, each with another spelling.

What differs is data: the header, the algorithm, the encoding, a prefix, and what is signed. Where
no timestamp is signed a captured request stays valid; the event log's unique key is what makes a
repeat harmless.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, Self

from ingestion.errors import SignatureMalformedError
from ingestion.signatures.base import (
    DEFAULT_TOLERANCE,
    SignedRequest,
    check_age,
    decode_base64,
    decode_hex,
    require_match,
    single_header,
    usable,
    utf8,
    whole_number,
)

Algorithm = Literal["sha256", "sha512", "sha1"]
Encoding = Literal["hex", "base64"]
Unit = Literal["s", "ms"]

_PLACES: Final = ("{body}", "{timestamp}", "{id}", "{method}", "{url}")
_PLACE: Final = re.compile("(" + "|".join(map(re.escape, _PLACES)) + ")")
_BODY_ONLY: Final = (b"{body}",)
_MILLISECONDS: Final = {"s": 1000, "ms": 1}
_DECODE: Final = {"hex": decode_hex, "base64": decode_base64}


def payload_parts(payload: str) -> tuple[bytes, ...]:
    """The places and the literal text of a payload; ValueError when the body is not in it once."""
    parts = [part for part in _PLACE.split(payload) if part]
    literal = "".join(part for part in parts if part not in _PLACES)
    if parts.count("{body}") != 1 or "{" in literal or "}" in literal:
        raise ValueError(f"needs {_PLACES[0]} once, and no braces but {', '.join(_PLACES[1:])}")
    return tuple(part.encode() for part in parts)


@dataclass(frozen=True, slots=True)
class HmacVerifier:
    """Verifies a request by the HMAC of ``payload`` in the header ``header`` (lower case).

    ``payload`` is text around ``{body}``, ``{timestamp}``, ``{id}``, ``{method}`` and ``{url}``;
    timestamp and id are the values of ``timestamp_header`` and ``id_header``.
    """

    header: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    payload: str = "{body}"
    timestamp_header: str | None = None
    timestamp_unit: Unit = "s"
    id_header: str | None = None
    tolerance: timedelta = DEFAULT_TOLERANCE
    _parts: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", payload_parts(self.payload))
        for place, header in (("{timestamp}", self.timestamp_header), ("{id}", self.id_header)):
            if (place in self.payload) != (header is not None):
                raise ValueError(
                    f"{place} and its header go together: alone, neither proves anything"
                )

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``."""
        keys = usable(secrets)
        digest = self._digest(single_header(request, self.header))
        message = self._message(request, now)
        ours = (hmac.digest(utf8(key), message, self.algorithm) for key in keys)
        require_match(ours, [digest])

    def tolerating(self, tolerance: timedelta) -> Self:
        """The same scheme, with another limit on the age of a timestamp."""
        return replace(self, tolerance=tolerance)

    def _digest(self, sent: str) -> bytes:
        digest = _DECODE[self.encoding](sent[len(self.prefix) :])
        if digest is None or not sent.startswith(self.prefix):
            raise SignatureMalformedError(f"{self.header} is not {self.prefix}<{self.encoding}>.")
        return digest

    def _message(self, request: SignedRequest, now: datetime) -> bytes:
        if self._parts == _BODY_ONLY:
            return request.body
        values = {
            b"{body}": request.body,
            b"{timestamp}": self._timestamp(request, now),
            b"{id}": single_header(request, self.id_header).encode() if self.id_header else b"",
            b"{method}": utf8(request.method),
            b"{url}": utf8(request.url),
        }
        return b"".join([values.get(part, part) for part in self._parts])

    def _timestamp(self, request: SignedRequest, now: datetime) -> bytes:
        """The signed timestamp as it was sent, when it is young enough."""
        if self.timestamp_header is None:
            return b""
        text = single_header(request, self.timestamp_header)
        signed_at = whole_number(text, self.timestamp_header)
        check_age(signed_at * _MILLISECONDS[self.timestamp_unit], now, self.tolerance)
        return text.encode()
