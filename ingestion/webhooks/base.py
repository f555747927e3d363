"""What a webhook source is, and the keys that make a repeated event recognisable."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingestion.signatures import Verifier

# A vendor's id is used as it is when it is plain and short; anything else is hashed.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._:/+=-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SplitEvent:
    """One event of a request: its key within the source, and its body."""

    event_key: str
    body: bytes


Split = Callable[[bytes, Mapping[str, str]], Sequence[SplitEvent]]
"""Takes a body and its headers (lower-case names). Never raises on bad content: what cannot be
read becomes one event keyed by its hash, so that it is stored, quarantined and counted."""


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """A vendor whose webhooks the gateway takes at ``/webhooks/<name>``."""

    name: str
    verifier: Verifier
    split: Split


def content_key(content: bytes) -> str:
    """The key of an event that carries no id of its own: the SHA-256 of what identifies it."""
    return hashlib.sha256(content).hexdigest()


def id_or_content_key(identifier: object, body: bytes) -> str:
    """The vendor's id where it can serve as a key, else the key of the body."""
    if isinstance(identifier, str) and _PLAIN_KEY.fullmatch(identifier):
        return identifier
    return content_key(body)
