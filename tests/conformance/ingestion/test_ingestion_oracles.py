"""Our verifiers and the vendors' own code or published examples agree."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from ingestion.errors import SecretMalformedError, SignatureInvalidError
from ingestion.sandbox.webhooks import sign_body, standard_secret
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
    with pytest.raises(SecretMalformedError):
        StandardWebhooksVerifier().verify(request, ["whsec_%%"], NOW)


def test_hubspot_published_vector() -> None:
    """The example that HubSpot publishes for v3 is accepted."""
    request = SignedRequest(
        "POST",
        "https://www.example.com/webhook_uri",
        [
            ("x-hubspot-signature-v3", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
            ("x-hubspot-request-timestamp", "1693657560000"),
        ],
        b"{'example_field':'example_value'}",
    )
    signed_at = datetime.fromtimestamp(1693657560, UTC)
    HubSpotVerifier().verify(request, ["yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"], signed_at)


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
