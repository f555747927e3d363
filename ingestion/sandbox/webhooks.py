"""Signed requests as the vendors would send them: what to say, and the signature over it.

``sent_at`` is the time of signing; the times inside an event are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from ingestion.sandbox.hubspot import (
    hubspot_association,
    hubspot_contact_change,
    hubspot_contact_merge,
    hubspot_creation,
    hubspot_deal_change,
    hubspot_item,
)
from ingestion.sandbox.signing import (
    SIGNERS,
    SignedWebhook,
    Unsigned,
    standard_key_pair,
    standard_secret,
)
from ingestion.sandbox.typeform import typeform_answer, typeform_answers, typeform_body

__all__ = [
    "SignedWebhook",
    "hubspot_association",
    "hubspot_batch",
    "hubspot_contact_change",
    "hubspot_contact_merge",
    "hubspot_creation",
    "hubspot_deal_change",
    "hubspot_item",
    "sign_body",
    "standard_body",
    "standard_event",
    "standard_key_pair",
    "standard_secret",
    "typeform_answer",
    "typeform_answers",
    "typeform_body",
    "typeform_response",
]


def sign_body(
    source: str,
    body: bytes,
    *,
    secret: str,
    sent_at: datetime,
    public_url: str = "",
    event_id: str = "",
) -> SignedWebhook:
    """Any bytes, signed as ``source`` would: also damaged ones.

    ``public_url`` (scheme and host the gateway is called by) matters to hubspot; ``event_id`` is
    the id that standard, github and shopify send as a header. The other headers of a vendor (its
    topic, for instance) are the caller's to add.
    """
    path = f"/webhooks/{source}"
    signer = SIGNERS.get(source)
    if signer is None:
        raise ValueError(f"no signature is known for the source {source}")
    url = f"{public_url.rstrip('/')}{path}"
    headers = signer(Unsigned(body, secret, sent_at, url, event_id))
    return SignedWebhook(path, {"content-type": "application/json", **headers}, body)


def typeform_response(
    answers: Iterable[Mapping[str, Any]],
    submitted_at: datetime,
    *,
    event_id: str,
    secret: str,
    hidden: Mapping[str, str] | None = None,
    landed_at: datetime | None = None,
    token: str | None = None,
) -> SignedWebhook:
    """A response to the sandbox's form. See ``typeform_answers`` for its questions."""
    document = typeform_body(
        answers, submitted_at, event_id=event_id, hidden=hidden, landed_at=landed_at, token=token
    )
    body = orjson.dumps(document)
    return sign_body("typeform", body, secret=secret, sent_at=submitted_at)


def hubspot_batch(
    items: Iterable[Mapping[str, Any]], *, secret: str, public_url: str, sent_at: datetime
) -> SignedWebhook:
    """Changes in one request."""
    body = orjson.dumps([dict(item) for item in items])
    return sign_body("hubspot", body, secret=secret, sent_at=sent_at, public_url=public_url)


def standard_body(
    event_type: str, occurred_at: datetime, data: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of one event."""
    timestamp = occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"type": event_type, "timestamp": timestamp, "data": dict(data)}


def standard_event(
    event_type: str,
    data: Mapping[str, Any],
    occurred_at: datetime,
    *,
    event_id: str,
    secret: str,
    sent_at: datetime | None = None,
) -> SignedWebhook:
    """One event by Standard Webhooks; sent when it occurred, unless said otherwise."""
    body = orjson.dumps(standard_body(event_type, occurred_at, data))
    return sign_body(
        "standard", body, secret=secret, sent_at=sent_at or occurred_at, event_id=event_id
    )
