"""Signs requests as the vendors do. The counterpart of ``ingestion.signatures``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PRIVATE_PREFIX: Final = "whsk_"


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """A request ready to be sent: POST ``body`` to ``path`` with ``headers``."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What a signature may depend on. ``event_id``: for vendors that send an id as a header."""

    body: bytes
    secret: str
    sent_at: datetime
    url: str = ""
    event_id: str = ""

    @property
    def seconds(self) -> str:
        """When it is sent, as most vendors write it."""
        return str(int(self.sent_at.timestamp()))

    def hex_hmac(self, message: bytes, algorithm: str = "sha256") -> str:
        """The digest of ``message`` under the secret's text."""
        return hmac.digest(self.secret.encode(), message, algorithm).hex()

    def base64_hmac(self, message: bytes) -> str:
        """The same in base64."""
        return _base64(hmac.digest(self.secret.encode(), message, "sha256"))


Signer = Callable[[Unsigned], dict[str, str]]
"""Makes the headers that a vendor adds to a request."""


def standard_secret(seed: str) -> str:
    """A well-formed Standard Webhooks secret made from any text."""
    return f"whsec_{_base64(hashlib.sha256(seed.encode()).digest())}"


def standard_key_pair(seed: str) -> tuple[str, str]:
    """A Standard Webhooks v1a pair made from any text: what signs, and what verifies."""
    raw = hashlib.sha256(seed.encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key()
    verifies = _base64(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return f"{_PRIVATE_PREFIX}{_base64(raw)}", f"whpk_{verifies}"


def _typeform(request: Unsigned) -> dict[str, str]:
    return {"typeform-signature": f"sha256={request.base64_hmac(request.body)}"}


def sign_hubspot(body: bytes, secret: str, url: str, sent_at: datetime) -> dict[str, str]:
    """Headers of a HubSpot request (v3) posted to ``url``, which may be any."""
    return _hubspot(Unsigned(body, secret, sent_at, url))


def _hubspot(request: Unsigned) -> dict[str, str]:
    timestamp = str(int(request.sent_at.timestamp() * 1000))
    message = f"POST{request.url}".encode() + request.body + timestamp.encode()
    return {
        "x-hubspot-signature-v3": request.base64_hmac(message),
        "x-hubspot-request-timestamp": timestamp,
    }


def _standard(request: Unsigned) -> dict[str, str]:
    message = f"{request.event_id}.{request.seconds}.".encode() + request.body
    private = request.secret.startswith(_PRIVATE_PREFIX)
    return {
        "webhook-id": request.event_id,
        "webhook-timestamp": request.seconds,
        "webhook-signature": (_v1a if private else _v1)(request.secret, message),
    }


def _v1(secret: str, message: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{_base64(hmac.digest(key, message, 'sha256'))}"


def _v1a(secret: str, message: bytes) -> str:
    raw = base64.b64decode(secret.removeprefix(_PRIVATE_PREFIX))
    return f"v1a,{_base64(Ed25519PrivateKey.from_private_bytes(raw).sign(message))}"


def _listed(header: str) -> Signer:
    """A signer that writes timestamp and signature as one list, as Stripe does."""

    def sign(request: Unsigned) -> dict[str, str]:
        message = f"{request.seconds}.".encode() + request.body
        return {header: f"t={request.seconds},v1={request.hex_hmac(message)}"}

    return sign


def _meta(request: Unsigned) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={request.hex_hmac(request.body)}"}


def _github(request: Unsigned) -> dict[str, str]:
    return {**_meta(request), **_given("x-github-delivery", request.event_id)}


def _shopify(request: Unsigned) -> dict[str, str]:
    signature = {"x-shopify-hmac-sha256": request.base64_hmac(request.body)}
    return {**signature, **_given("x-shopify-webhook-id", request.event_id)}


def _intercom(request: Unsigned) -> dict[str, str]:
    return {"x-hub-signature": f"sha1={request.hex_hmac(request.body, 'sha1')}"}


def _slack(request: Unsigned) -> dict[str, str]:
    message = f"v0:{request.seconds}:".encode() + request.body
    return {
        "x-slack-request-timestamp": request.seconds,
        "x-slack-signature": f"v0={request.hex_hmac(message)}",
    }


def _segment(request: Unsigned) -> dict[str, str]:
    return {"x-signature": request.hex_hmac(_segment_message(request.body), "sha1")}


def _segment_message(body: bytes) -> bytes:
    """What Segment signs: an event, or the first of a batch, written as JavaScript writes JSON."""
    try:
        batch = json.loads(body)
    except ValueError:
        return body
    if not isinstance(batch, list) or not batch:
        return body
    return json.dumps(batch[0], ensure_ascii=False, separators=(",", ":")).encode()


def _salesforce(request: Unsigned) -> dict[str, str]:
    """No signature: the body names the organization. See ``salesforce_message``."""
    return {"content-type": "text/xml; charset=UTF-8", "soapaction": '""'}


def _given(header: str, value: str) -> dict[str, str]:
    return {header: value} if value else {}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


SIGNERS: Final[Mapping[str, Signer]] = MappingProxyType(
    {
        "calendly": _listed("calendly-webhook-signature"),
        "github": _github,
        "hubspot": _hubspot,
        "intercom": _intercom,
        "meta": _meta,
        "salesforce": _salesforce,
        "segment": _segment,
        "shopify": _shopify,
        "slack": _slack,
        "standard": _standard,
        "stripe": _listed("stripe-signature"),
        "typeform": _typeform,
    }
)
"""Who signs for each source."""
