"""Signs requests as the vendors do. The counterpart of ``ingestion.signatures``."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A request ready to be sent: POST ``body`` to ``path`` with ``headers``."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def sign_typeform(body: bytes, secret: str) -> dict[str, str]:
    """Headers of a Typeform request."""
    return {"typeform-signature": f"sha256={_base64_hmac(secret.encode(), body)}"}


def sign_hubspot(body: bytes, secret: str, url: str, sent_at: datetime) -> dict[str, str]:
    """Headers of a HubSpot request (v3) posted to ``url``."""
    timestamp = str(int(sent_at.timestamp() * 1000))
    message = f"POST{url}".encode() + body + timestamp.encode()
    return {
        "x-hubspot-signature-v3": _base64_hmac(secret.encode(), message),
        "x-hubspot-request-timestamp": timestamp,
    }


def sign_standard(body: bytes, secret: str, event_id: str, sent_at: datetime) -> dict[str, str]:
    """Headers of a Standard Webhooks request; ``secret`` is ``whsec_`` and padded base64."""
    timestamp = str(int(sent_at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = _base64_hmac(key, f"{event_id}.{timestamp}.".encode() + body)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def standard_secret(seed: str) -> str:
    """A well-formed Standard Webhooks secret made from any text."""
    return f"whsec_{base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()}"


def _base64_hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()
