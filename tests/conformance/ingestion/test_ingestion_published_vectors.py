"""Signatures that vendors and others publish as examples are what we demand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingestion.errors import SignatureMalformedError
from ingestion.signatures import (
    GITHUB,
    META,
    SHOPIFY,
    SLACK,
    TYPEFORM,
    HubSpotVerifier,
    SignedRequest,
    StandardWebhooksVerifier,
    Verifier,
)

ANY_TIME = datetime(2026, 3, 1, tzinfo=UTC)


def request(body: str, **headers: str) -> SignedRequest:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return SignedRequest("POST", "https://www.example.com/webhook_uri", pairs, body.encode())


HUBSPOT_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
HUBSPOT_BODY = "{'example_field':'example_value'}"
HUBSPOT_V3 = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
HUBSPOT_OLD = {
    "v1": "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750",
    "v2": "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383",
}


def test_hubspot_v3() -> None:
    """The example that HubSpot publishes for v3 is accepted."""
    signed = request(
        HUBSPOT_BODY,
        x_hubspot_signature_v3=HUBSPOT_V3,
        x_hubspot_request_timestamp="1693657560000",
    )
    signed_at = datetime.fromtimestamp(1693657560, UTC)
    HubSpotVerifier().verify(signed, [HUBSPOT_SECRET], signed_at)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_hubspot_old(version: str) -> None:
    """The examples for v1 and v2 are accepted where these are allowed, and nowhere else."""
    signed = request(
        HUBSPOT_BODY,
        x_hubspot_signature=HUBSPOT_OLD[version],
        x_hubspot_signature_version=version,
    )
    allowing = HubSpotVerifier(versions=frozenset({version, "v3"}))
    allowing.verify(signed, [HUBSPOT_SECRET], ANY_TIME)
    other = HubSpotVerifier(versions=frozenset({"v1", "v2"} - {version}))
    with pytest.raises(SignatureMalformedError):
        other.verify(signed, [HUBSPOT_SECRET], ANY_TIME)


@pytest.mark.parametrize("verifier", [GITHUB, META], ids=["github", "meta"])
def test_hub_signature(verifier: Verifier) -> None:
    """The example that GitHub publishes is accepted; Meta signs in the same way."""
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    signed = request("Hello, World!", x_hub_signature_256=f"sha256={digest}")
    verifier.verify(signed, ["It's a Secret to Everybody"], ANY_TIME)


def test_slack() -> None:
    """The example that Slack publishes is accepted."""
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        "&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        "&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signed = request(
        body,
        x_slack_request_timestamp="1531420618",
        x_slack_signature="v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    )
    signed_at = datetime.fromtimestamp(1531420618, UTC)
    SLACK.verify(signed, ["8f742231b10e8888abcd99yyyzzz85a5"], signed_at)


SHOPIFY_BODY = '{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}'
SHOPIFY_DIGEST = "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw="


def test_shopify_and_typeform() -> None:
    """A published example for Shopify is accepted; Typeform's digest is the same."""
    secrets = ["test-webhook-secret"]
    shopify = request(SHOPIFY_BODY, x_shopify_hmac_sha256=SHOPIFY_DIGEST)
    SHOPIFY.verify(shopify, secrets, ANY_TIME)
    typeform = request(SHOPIFY_BODY, typeform_signature=f"sha256={SHOPIFY_DIGEST}")
    TYPEFORM.verify(typeform, secrets, ANY_TIME)


def test_standard_webhooks() -> None:
    """The example in the specification's libraries is accepted."""
    signed = request(
        '{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        webhook_timestamp="1614265330",
        webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    signed_at = datetime.fromtimestamp(1614265330, UTC)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    StandardWebhooksVerifier().verify(signed, [secret], signed_at)
