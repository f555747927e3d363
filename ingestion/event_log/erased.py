"""What is left of an event after an erasure: marks in the log that outlive its content.

The hash of the body gets a prefix. Under the key of such an event every body is a duplicate,
whatever its bytes: the vendor sends again what was erased, perhaps with another counter in it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import orjson

from ingestion.event_log.model import body_hash

EMPTIED: Final = "erased:"
"""Before the hash: the whole body gave way to a tombstone."""
MASKED: Final = "masked:"
"""Before the hash: the body is there, without the mention of somebody who was erased."""

_START: Final = b'{"millrace_erased":'
_MARKS: Final = (EMPTIED, MASKED)
_KEY: Final = "erased-"
# What an e-mail address or a phone number looks like inside a key.
_PERSONAL: Final = re.compile(r"@|%40|(?<![0-9A-Za-z])\+?\d{7,15}(?![0-9A-Za-z])", re.ASCII)


def tombstone(erasure_id: str, event_type: str | None) -> bytes:
    """The body of an event of which nothing is left but its type."""
    told = {"erasure_id": erasure_id, "event_type": event_type}
    return orjson.dumps({"millrace_erased": told})


def is_tombstone(body: bytes) -> bool:
    """Whether a body is a tombstone."""
    return body.startswith(_START)


def type_of(body: bytes) -> str | None:
    """The event type that a tombstone keeps."""
    try:
        told = orjson.loads(body)["millrace_erased"]
    except orjson.JSONDecodeError:
        return None
    kept = told.get("event_type") if isinstance(told, dict) else None
    return kept if isinstance(kept, str) else None


def is_marked(stored_hash: str) -> bool:
    """Whether the content was changed by an erasure."""
    return stored_hash.startswith(_MARKS)


def marked(mark: str, stored_hash: str) -> str:
    """The hash with its mark; an emptied event stays so, a masked one may be emptied later."""
    if stored_hash.startswith(EMPTIED):
        return stored_hash
    return mark + stored_hash.removeprefix(MASKED)


def content_hash(stored_hash: str, body: bytes) -> str:
    """What the content must hash to: of what an erasure changed, the hash of what is there now."""
    return body_hash(body) if is_marked(stored_hash) else stored_hash


def may_name_somebody(text: str) -> bool:
    """Whether a key holds something like an address or a number."""
    return _PERSONAL.search(text) is not None


def erased_key(event_key: str) -> str:
    """The key in the place of one that names somebody; the same for the same key."""
    return _KEY + hashlib.sha256(event_key.encode()).hexdigest()[:40]
