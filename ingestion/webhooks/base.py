"""What a webhook source is, and the keys that make a repeated event recognisable."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from ingestion.signatures import SignedRequest, Verifier

# A vendor's id is used as it is when it is plain and short; anything else is hashed.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._:/+=-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SplitEvent:
    """One event of a request: its key within the source, and its body."""

    event_key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was stored of a request, for the answer to it."""

    accepted: int
    duplicates: int
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a vendor is answered. The gateway adds the correlation id."""

    body: bytes
    media_type: str = "application/json"
    status: int = 200


Split = Callable[[bytes, Mapping[str, str]], Sequence[SplitEvent]]
"""Takes a body and its headers (lower-case names). Never raises on bad content: what cannot be
read becomes one event keyed by its hash, so that it is stored, quarantined and counted."""

Acknowledge = Callable[[Receipt], Reply]
"""The answer to a request whose events are all on disk."""

Echo = Callable[[SignedRequest], Reply | None]
"""The answer to a *verified* request that only asks for an echo (Slack's url_verification), which
is no event; None when the request is an event."""

Handshake = Callable[[Mapping[str, str], Sequence[str]], Reply]
"""Takes the query parameters of a vendor's GET and the configured verify tokens. Raises
HandshakeRefusedError (403) when the token is not one of them, or something is missing."""


def acknowledge_counts(receipt: Receipt) -> Reply:
    """200 with counts, as JSON."""
    body = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "correlation_id": receipt.correlation_id,
    }
    return Reply(orjson.dumps(body))


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """A vendor whose webhooks the gateway takes at ``/webhooks/<name>``.

    ``signed_by``: lower-case names of the headers that carry its signature, any of which shows
    that a request comes from this vendor. ``occurred_at``: the members of an event on the way to
    the time at which it happened; empty where its body does not say.
    """

    name: str
    verifier: Verifier
    split: Split
    signed_by: frozenset[str] = field(default_factory=frozenset)
    acknowledge: Acknowledge = acknowledge_counts
    echo: Echo | None = None
    handshake: Handshake | None = None
    occurred_at: tuple[str, ...] = ()


def content_key(content: bytes) -> str:
    """The key of an event that carries no id of its own: the SHA-256 of what identifies it."""
    return hashlib.sha256(content).hexdigest()


def id_or_content_key(identifier: object, body: bytes) -> str:
    """The vendor's id where it can serve as a key, else the key of the body."""
    if isinstance(identifier, str) and _PLAIN_KEY.fullmatch(identifier):
        return identifier
    return content_key(body)
