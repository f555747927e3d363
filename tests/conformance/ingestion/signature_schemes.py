"""The signature schemes under test: each is data, and all pass the same cases."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ingestion.sandbox.vendors import salesforce_message
from ingestion.sandbox.webhooks import sign_body, standard_key_pair, standard_secret
from ingestion.signatures import (
    CALENDLY,
    GITHUB,
    INTERCOM,
    META,
    SHOPIFY,
    SLACK,
    STRIPE,
    TYPEFORM,
    HmacVerifier,
    HubSpotVerifier,
    SalesforceVerifier,
    SegmentVerifier,
    SignedRequest,
    StandardWebhooksVerifier,
    Verifier,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOST = "https://leads.example.com"
MESSAGE_ID = "msg_1"

Sign = Callable[[str, bytes, str, datetime], SignedRequest]
"""Takes the source's name, a body, what signs, and when."""


def with_header(request: SignedRequest, name: str, value: str | None) -> SignedRequest:
    """The request with a header replaced, or removed by None."""
    kept = [pair for pair in request.headers if pair[0] != name]
    return replace(request, headers=kept if value is None else [*kept, (name, value)])


@dataclass(frozen=True, slots=True)
class HeaderTime:
    """A timestamp in a header of its own."""

    name: str

    def read(self, request: SignedRequest) -> str:
        return dict(request.headers)[self.name]

    def write(self, request: SignedRequest, value: str | None) -> SignedRequest:
        """The request with another timestamp, or without one."""
        return with_header(request, self.name, value)

    def repeat(self, request: SignedRequest) -> SignedRequest:
        """The request with its timestamp twice."""
        return replace(request, headers=[*request.headers, (self.name, self.read(request))])


@dataclass(frozen=True, slots=True)
class ListedTime:
    """A timestamp in the list that holds the signatures."""

    name: str

    def read(self, request: SignedRequest) -> str:
        return dict(request.headers)[self.name].split(",")[0].removeprefix("t=")

    def write(self, request: SignedRequest, value: str | None) -> SignedRequest:
        signatures = dict(request.headers)[self.name].split(",")[1:]
        entries = signatures if value is None else [f"t={value}", *signatures]
        return with_header(request, self.name, ",".join(entries))

    def repeat(self, request: SignedRequest) -> SignedRequest:
        listed = dict(request.headers)[self.name]
        return with_header(request, self.name, f"t={self.read(request)},{listed}")


def by_sandbox(source: str, body: bytes, secret: str, at: datetime) -> SignedRequest:
    """Signed as the sandbox's vendor does."""
    signed = sign_body(
        source, body, secret=secret, sent_at=at, public_url=HOST, event_id=MESSAGE_ID
    )
    return SignedRequest("POST", HOST + signed.path, list(signed.headers.items()), body)


def by_old_hubspot(version: str) -> Sign:
    """Signed as HubSpot did before v3."""

    def sign(source: str, body: bytes, secret: str, at: datetime) -> SignedRequest:
        url = f"{HOST}/webhooks/{source}"
        start = secret + (f"POST{url}" if version == "v2" else "")
        headers = [
            ("x-hubspot-signature", hashlib.sha256(start.encode() + body).hexdigest()),
            ("x-hubspot-signature-version", version),
        ]
        return SignedRequest("POST", url, headers, body)

    return sign


def by_acme(source: str, body: bytes, secret: str, at: datetime) -> SignedRequest:
    """Signed as a vendor does whom we know by configuration only."""
    timestamp = str(int(at.timestamp() * 1000))
    message = f"{MESSAGE_ID}.{timestamp}.POST.".encode() + body
    signature = base64.b64encode(hmac.digest(secret.encode(), message, "sha512")).decode()
    headers = [
        ("x-acme-signature", f"sha512={signature}"),
        ("x-acme-timestamp", timestamp),
        ("x-acme-id", MESSAGE_ID),
    ]
    return SignedRequest("POST", f"{HOST}/webhooks/{source}", headers, body)


def organization(seed: str) -> str:
    """An organization id (15 characters) made from any text."""
    return "00D" + hashlib.sha256(seed.encode()).hexdigest()[:12]


def as_outbound_message(body: bytes, seed: str) -> bytes:
    """A message of the seed's organization that carries ``body`` in a field."""
    text = body.decode("utf-8", "replace").translate(dict.fromkeys([*range(32), 0xFFFE, 0xFFFF]))
    record = {"Id": "00Q5g00000AbCdEEAV", "Description": text}
    return salesforce_message(
        "Lead", {"04l5g00000DGWLVAA5": record}, organization_id=organization(seed)
    )


def unchanged(body: bytes, seed: str) -> bytes:
    return body


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme under test. None or False: it has no such thing, and the case is left out.

    ``secret_of`` and ``signing_secret_of`` make from a seed what verifies and what signs;
    ``body_of`` makes what the vendor can send from any bytes.
    """

    name: str
    source: str
    verifier: Verifier
    signature_header: str | None
    time: HeaderTime | ListedTime | None = None
    tolerance: timedelta = timedelta(minutes=5)
    secret_of: Callable[[str], str] = str
    signing_secret_of: Callable[[str], str] | None = None
    signer: Sign = by_sandbox
    body_of: Callable[[bytes, str], bytes] = unchanged
    covers_body: bool = True

    def sign(self, body: bytes, seed: str = "one", at: datetime = NOW) -> SignedRequest:
        """The request as the vendor would send it."""
        secret = (self.signing_secret_of or self.secret_of)(seed)
        return self.signer(self.source, self.body_of(body, seed), secret, at)

    def verify(self, request: SignedRequest, *seeds: str, now: datetime = NOW) -> None:
        """Verify with the secrets of these seeds."""
        secrets = [self.secret_of(seed) for seed in seeds or ("one",)]
        self.verifier.verify(request, secrets, now)


ALL_HUBSPOT = HubSpotVerifier(versions=frozenset({"v1", "v2", "v3"}))
ACME = HmacVerifier(
    "x-acme-signature",
    algorithm="sha512",
    encoding="base64",
    prefix="sha512=",
    payload="{id}.{timestamp}.{method}.{body}",
    timestamp_header="x-acme-timestamp",
    timestamp_unit="ms",
    id_header="x-acme-id",
)

SCHEMES = [
    Scheme("typeform", "typeform", TYPEFORM, "typeform-signature"),
    Scheme(
        "hubspot-v3",
        "hubspot",
        HubSpotVerifier(),
        "x-hubspot-signature-v3",
        HeaderTime("x-hubspot-request-timestamp"),
    ),
    Scheme(
        "hubspot-v2", "hubspot", ALL_HUBSPOT, "x-hubspot-signature", signer=by_old_hubspot("v2")
    ),
    Scheme(
        "hubspot-v1", "hubspot", ALL_HUBSPOT, "x-hubspot-signature", signer=by_old_hubspot("v1")
    ),
    Scheme(
        "standard-v1",
        "standard",
        StandardWebhooksVerifier(),
        "webhook-signature",
        HeaderTime("webhook-timestamp"),
        secret_of=standard_secret,
    ),
    Scheme(
        "standard-v1a",
        "standard",
        StandardWebhooksVerifier(),
        "webhook-signature",
        HeaderTime("webhook-timestamp"),
        secret_of=lambda seed: standard_key_pair(seed)[1],
        signing_secret_of=lambda seed: standard_key_pair(seed)[0],
    ),
    Scheme("stripe", "stripe", STRIPE, "stripe-signature", ListedTime("stripe-signature")),
    Scheme(
        "calendly",
        "calendly",
        CALENDLY,
        "calendly-webhook-signature",
        ListedTime("calendly-webhook-signature"),
        tolerance=timedelta(minutes=3),
    ),
    Scheme("meta", "meta", META, "x-hub-signature-256"),
    Scheme(
        "salesforce",
        "salesforce",
        SalesforceVerifier(),
        None,
        secret_of=organization,
        body_of=as_outbound_message,
        covers_body=False,
    ),
    Scheme("segment", "segment", SegmentVerifier(), "x-signature"),
    Scheme("slack", "slack", SLACK, "x-slack-signature", HeaderTime("x-slack-request-timestamp")),
    Scheme("shopify", "shopify", SHOPIFY, "x-shopify-hmac-sha256"),
    Scheme("intercom", "intercom", INTERCOM, "x-hub-signature"),
    Scheme("github", "github", GITHUB, "x-hub-signature-256"),
    Scheme(
        "generic", "acme", ACME, "x-acme-signature", HeaderTime("x-acme-timestamp"), signer=by_acme
    ),
]
WITH_SIGNATURE = [scheme for scheme in SCHEMES if scheme.signature_header]
WITH_BODY = [scheme for scheme in SCHEMES if scheme.covers_body]
DATED = [scheme for scheme in SCHEMES if scheme.time]
