"""Our verifiers and the vendors' own code or published examples agree."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from ingestion.errors import (
    SecretMalformedError,
    SignatureInvalidError,
    SignatureMalformedError,
    SignatureMissingError,
    TimestampStaleError,
)
from ingestion.sandbox.webhooks import sign_body, standard_key_pair, standard_secret
from ingestion.signatures import HubSpotVerifier, SignedRequest, StandardWebhooksVerifier
from ingestion.signatures.hubspot import signed_uri

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECRET = standard_secret("oracle")


def standard_request(body: bytes, headers: dict[str, str]) -> SignedRequest:
    return SignedRequest("POST", "https://x.example/webhooks/standard", [*headers.items()], body)


@given(body=TEXT)
def test_standard_webhooks_signs_for_us(body: str) -> None:
    """What the reference library signs, we accept."""
    signature = Webhook(SECRET).sign("msg_1", NOW, body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": f"v1a,AAAA {signature}",
    }
    StandardWebhooksVerifier().verify(standard_request(body.encode(), headers), [SECRET], NOW)


def test_standard_webhooks_accepts_ours() -> None:
    """What the sandbox signs, the reference library accepts."""
    now = datetime.now(UTC)  # the library reads the clock itself
    signed = sign_body("standard", b'{"a":1}', secret=SECRET, sent_at=now, event_id="msg_2")
    assert Webhook(SECRET).verify(signed.body, dict(signed.headers)) == {"a": 1}


@pytest.mark.parametrize("secret", [SECRET.removeprefix("whsec_"), SECRET.rstrip("=")])
def test_standard_secret_forms(secret: str) -> None:
    """A secret without its prefix or without padding is the same secret, as in the library."""
    signature = Webhook(secret).sign("m", NOW, "{}")
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": signature,
    }
    StandardWebhooksVerifier().verify(standard_request(b"{}", headers), [secret], NOW)


def test_standard_secret_malformed() -> None:
    """A secret that cannot be read is named as the reason, unless another one fits."""
    signed = sign_body("standard", b"{}", secret=SECRET, sent_at=NOW, event_id="m")
    request = standard_request(b"{}", dict(signed.headers))
    StandardWebhooksVerifier().verify(request, ["whsec_%%", SECRET], NOW)
    for malformed in ("whsec_%%", "whpk_%%", "whpk_AAAA", "whsk_AAAA"):
        StandardWebhooksVerifier().verify(request, [malformed, SECRET], NOW)
        with pytest.raises(SecretMalformedError):
            StandardWebhooksVerifier().verify(request, [malformed], NOW)


@given(body=st.binary())
def test_standard_asymmetric(body: bytes) -> None:
    """What an Ed25519 key signs, its public key proves, beside signatures of other kinds."""
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    timestamp = str(int(NOW.timestamp()))
    signature = base64.b64encode(key.sign(f"msg_1.{timestamp}.".encode() + body)).decode()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,AAAA v1a,{signature} v2,AAAA",
    }
    public = f"whpk_{base64.b64encode(raw).decode()}"
    for secrets in ([public], [SECRET, public], [public, SECRET]):
        StandardWebhooksVerifier().verify(standard_request(body, headers), secrets, NOW)
    with pytest.raises(SignatureInvalidError):
        StandardWebhooksVerifier().verify(standard_request(body, headers), [SECRET], NOW)


def test_standard_public_key_is_no_secret() -> None:
    """Whoever knows a public key, as anybody may, cannot sign with it."""
    public = standard_key_pair("one")[1]
    forged = sign_body(
        "standard",
        b"{}",
        secret=f"whsec_{public.removeprefix('whpk_')}",
        sent_at=NOW,
        event_id="msg_1",
    )
    with pytest.raises(SignatureInvalidError):
        StandardWebhooksVerifier().verify(
            standard_request(b"{}", dict(forged.headers)), [public], NOW
        )


@pytest.mark.parametrize("version", ["v1", "v1a"])
def test_standard_versions_are_not_mixed(version: str) -> None:
    """A good signature under another version's name is none."""
    private, public = standard_key_pair("one")
    secret = SECRET if version == "v1" else private
    signed = sign_body("standard", b"{}", secret=secret, sent_at=NOW, event_id="m")
    good = signed.headers["webhook-signature"].partition(",")[2]
    for other in {"v1", "v1a", "v2", ""} - {version}:
        headers = {**signed.headers, "webhook-signature": f"{other},{good}"}
        with pytest.raises(SignatureInvalidError):
            StandardWebhooksVerifier().verify(
                standard_request(b"{}", headers), [SECRET, public], NOW
            )


def test_standard_id_is_ascii() -> None:
    """An id that could be read in two ways is refused, although it is signed."""
    signed = sign_body("standard", b"{}", secret=SECRET, sent_at=NOW, event_id="é")
    with pytest.raises(SignatureMalformedError):
        StandardWebhooksVerifier().verify(
            standard_request(b"{}", dict(signed.headers)), [SECRET], NOW
        )


def test_too_many_signatures() -> None:
    """A list of signatures longer than any rotation is refused, before it costs anything."""
    signed = sign_body("standard", b"{}", secret=SECRET, sent_at=NOW, event_id="m")
    good = signed.headers["webhook-signature"]
    few, many = (
        standard_request(b"{}", {**signed.headers, "webhook-signature": " ".join([good] * count)})
        for count in (16, 17)
    )
    StandardWebhooksVerifier().verify(few, [SECRET], NOW)
    with pytest.raises(SignatureMalformedError):
        StandardWebhooksVerifier().verify(many, [SECRET], NOW)


@given(body=TEXT, secret=st.text("abcdef0123456789-", min_size=1))
def test_hubspot_client_agrees(body: str, secret: str) -> None:
    """For addresses without escapes, HubSpot's own client computes the signature we demand."""
    url, timestamp = "https://x.example/webhooks/hubspot?a=1", str(int(NOW.timestamp() * 1000))
    signature = Signature.get_signature(secret, body, "v3", url, "POST", timestamp)
    headers = [("x-hubspot-signature-v3", signature), ("x-hubspot-request-timestamp", timestamp)]
    HubSpotVerifier().verify(SignedRequest("POST", url, headers, body.encode()), [secret], NOW)


def test_hubspot_accepts_ours() -> None:
    """What the sandbox signs, HubSpot's own client accepts."""
    now = datetime.now(UTC)  # the client reads the clock itself
    signed = sign_body("hubspot", b"[]", secret="s", sent_at=now, public_url="https://x.example")
    assert Signature.is_valid(
        signed.headers["x-hubspot-signature-v3"],
        "s",
        "[]",
        "https://x.example/webhooks/hubspot",
        signature_version="v3",
        timestamp=signed.headers["x-hubspot-request-timestamp"],
    )


def test_hubspot_percent_decoding() -> None:
    """Only the escapes that HubSpot lists are undone, in either case, and not twice."""
    assert (
        signed_uri("https://x/a%3ab%2Fc?d=%40%20%253A%c3%a9") == "https://x/a:b/c?d=@%20%253A%c3%a9"
    )


def test_hubspot_other_address() -> None:
    """The address is signed: the same body for another one is refused."""
    signed = sign_body("hubspot", b"[]", secret="s", sent_at=NOW, public_url="https://x.example")
    elsewhere = "https://y.example/webhooks/hubspot"
    request = SignedRequest("POST", elsewhere, [*signed.headers.items()], b"[]")
    with pytest.raises(SignatureInvalidError):
        HubSpotVerifier().verify(request, ["s"], NOW)


@pytest.mark.parametrize("version", ["v1", "v2"])
@given(body=TEXT, secret=st.text("abcdef0123456789-", min_size=1))
def test_hubspot_client_agrees_on_old_versions(version: str, body: str, secret: str) -> None:
    """HubSpot's own client computes the v1 and v2 signatures we demand."""
    url = "https://x.example/webhooks/hubspot?a=1"
    signature = Signature.get_signature(secret, body, version, url, "POST")
    headers = [("x-hubspot-signature", signature), ("x-hubspot-signature-version", version)]
    verifier = HubSpotVerifier(versions=frozenset({"v1", "v2", "v3"}))
    verifier.verify(SignedRequest("POST", url, headers, body.encode()), [secret], NOW)


def test_hubspot_v3_is_never_passed_over() -> None:
    """A good v1 signature does not save a request whose v3 signature is bad or stale."""
    verifier = HubSpotVerifier(versions=frozenset({"v1", "v3"}))
    old = Signature.get_signature("s", "[]", "v1")
    headers = [("x-hubspot-signature", old), ("x-hubspot-signature-version", "v1")]
    url = "https://x.example/webhooks/hubspot"
    verifier.verify(SignedRequest("POST", url, headers, b"[]"), ["s"], NOW)
    signed = sign_body("hubspot", b"[]", secret="s", sent_at=NOW, public_url="https://x.example")
    both = SignedRequest("POST", url, [*headers, *signed.headers.items()], b"[]")
    verifier.verify(both, ["s"], NOW)
    with pytest.raises(TimestampStaleError):
        verifier.verify(both, ["s"], NOW + timedelta(hours=1))
    with pytest.raises(SignatureMissingError):
        HubSpotVerifier().verify(SignedRequest("POST", url, headers, b"[]"), ["s"], NOW)
