"""Segment: ``X-Signature``, the hex HMAC-SHA1 of the body, or of a batch's first event.

Segment signs a batch over its first event only, so **the other events of a batch are not proven**:
whoever has seen one signed event can send it again with events of his own behind it. Until Segment
signs the whole, switch batching off at Segment and set ``batches`` to False, or keep the address
secret. An event alone is signed whole.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.errors import SignatureInvalidError, SignatureMalformedError
from ingestion.json_slices import array_items, object_members
from ingestion.signatures.base import (
    SignedRequest,
    decode_hex,
    require_match,
    single_header,
    usable,
    utf8,
)

SIGNATURE_HEADER = "x-signature"

# Members of a batch beside its events; Segment sends three.
_MOST_MEMBERS = 50


@dataclass(frozen=True, slots=True)
class SegmentVerifier:
    """Verifies Segment webhooks. ``batches``: take a batch on the word of its first event."""

    batches: bool = True

    def verify(self, request: SignedRequest, secrets: Sequence[str], now: datetime) -> None:
        """See ``Verifier.verify``; ``now`` does not matter to this scheme."""
        keys = usable(secrets)
        digest = decode_hex(single_header(request, SIGNATURE_HEADER))
        if digest is None:
            raise SignatureMalformedError(f"{SIGNATURE_HEADER} is not hex.")
        try:
            _require(keys, request.body, digest)
        except SignatureInvalidError:
            first = first_event(request.body) if self.batches else None
            if first is None:
                raise
            _require(keys, first, digest)

    def tolerating(self, tolerance: timedelta) -> SegmentVerifier:
        """The same verifier: without a timestamp there is no age to limit."""
        return self


def batch_text(body: bytes) -> str | None:
    """What should be the array of a batch: the body, or its member ``batch``; None for neither."""
    try:
        text = body.decode()
        if text.lstrip(" \t\r\n").startswith("["):
            return text
        batch = object_members(text, most=_MOST_MEMBERS).get("batch")
    except (ValueError, RecursionError):
        return None
    return batch.text if batch else None


def first_event(body: bytes) -> bytes | None:
    """The first event of a batch as it was sent, None when there is none."""
    batch = batch_text(body)
    try:
        first = next(array_items(batch), None) if batch else None
    except (ValueError, RecursionError):
        return None
    return utf8(first.text) if first else None


def _require(keys: Sequence[str], message: bytes, digest: bytes) -> None:
    require_match((hmac.digest(utf8(key), message, "sha1") for key in keys), [digest])
