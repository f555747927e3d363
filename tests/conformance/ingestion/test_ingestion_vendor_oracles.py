"""Our verifiers, our sandbox and the vendors' own libraries agree: Stripe's and Slack's."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier
from stripe import SignatureVerificationError, Webhook, WebhookSignature

from ingestion.errors import SignatureInvalidError, SignatureMalformedError
from ingestion.sandbox.vendors import slack_event, stripe_event
from ingestion.sandbox.webhooks import sign_body
from ingestion.signatures import CALENDLY, SLACK, STRIPE, SignedRequest, TimestampListVerifier

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
URL = "https://x.example/webhooks/x"


class StoppedClock(Clock):
    """Slack's library asks this for the time."""

    def now(self) -> float:
        return NOW.timestamp()


@pytest.mark.parametrize("verifier", [STRIPE, CALENDLY], ids=["stripe", "calendly"])
@given(body=TEXT, secret=SECRETS)
def test_stripe_signs_for_us(verifier: TimestampListVerifier, body: str, secret: str) -> None:
    """What Stripe's library signs, we accept; Calendly signs in the same way."""
    header = WebhookSignature.generate_signature_header(body, secret, int(NOW.timestamp()))
    request = SignedRequest("POST", URL, [(verifier.header, header)], body.encode())
    verifier.verify(request, [secret], NOW)


def test_stripe_accepts_ours() -> None:
    """What the sandbox says and signs, Stripe's library takes as an event."""
    now = datetime.now(UTC)  # the library reads the clock itself
    subject = {"id": "cus_1", "object": "customer", "email": "zoë@example.com"}
    body = orjson.dumps(stripe_event("customer.created", subject, now, event_id="evt_1"))
    signed = sign_body("stripe", body, secret="s", sent_at=now)
    header = signed.headers["stripe-signature"]
    event = Webhook.construct_event(body, header, "s")
    assert ("evt_1", "customer.created") == (event.id, event.type)
    with pytest.raises(SignatureVerificationError):
        Webhook.construct_event(body, header, "other")


def test_calendly_sandbox_agrees() -> None:
    """What the sandbox signs for Calendly is Stripe's construction."""
    now = datetime.now(UTC)  # the library reads the clock itself
    signed = sign_body("calendly", b"{}", secret="s", sent_at=now)
    header = signed.headers["calendly-webhook-signature"]
    assert WebhookSignature.verify_header("{}", header, "s", tolerance=180)


@pytest.mark.parametrize("others", ["v1={bad}", "v0={bad}", "v1=zz", "v1=", "v1={bad},v1={bad}"])
def test_several_signatures(others: str) -> None:
    """Beside others, as while a secret is rolled, one good v1 is enough, as in the library."""
    header = WebhookSignature.generate_signature_header("{}", "s", int(NOW.timestamp()))
    timestamp, good = header.split(",")
    for entries in ([timestamp, others, good], [good, others, timestamp]):
        listed = ",".join(entries).replace("{bad}", "00" * 32)
        request = SignedRequest("POST", URL, [("stripe-signature", listed)], b"{}")
        STRIPE.verify(request, ["s"], NOW)
        with pytest.raises(SignatureInvalidError):
            STRIPE.verify(request, ["other"], NOW)


def test_only_v1_counts() -> None:
    """A good signature under another scheme's name is none: v0 is for Stripe's tests."""
    header = WebhookSignature.generate_signature_header("{}", "s", int(NOW.timestamp()))
    listed = f"{header},v1={'00' * 32}".replace("v1=", "v0=", 1)
    with pytest.raises(SignatureInvalidError):
        STRIPE.verify(SignedRequest("POST", URL, [("stripe-signature", listed)], b"{}"), ["s"], NOW)


def test_too_many_signatures() -> None:
    """A list of signatures longer than any rotation is refused."""
    header = WebhookSignature.generate_signature_header("{}", "s", int(NOW.timestamp()))
    good = header.partition(",")[2]
    few, many = (
        SignedRequest("POST", URL, [("stripe-signature", header + f",{good}" * more)], b"{}")
        for more in (15, 16)
    )
    STRIPE.verify(few, ["s"], NOW)
    with pytest.raises(SignatureMalformedError):
        STRIPE.verify(many, ["s"], NOW)


@given(body=TEXT, secret=SECRETS)
def test_slack_signs_for_us(body: str, secret: str) -> None:
    """What Slack's library signs, we accept."""
    timestamp = str(int(NOW.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    headers = [("x-slack-request-timestamp", timestamp), ("x-slack-signature", signature or "")]
    SLACK.verify(SignedRequest("POST", URL, headers, body.encode()), [secret], NOW)


def test_slack_accepts_ours() -> None:
    """What the sandbox signs, Slack's library accepts."""
    body = orjson.dumps(slack_event({"type": "message", "text": "é"}, NOW, event_id="Ev1"))
    signed = sign_body("slack", body, secret="s", sent_at=NOW)
    headers = dict(signed.headers)
    assert SignatureVerifier("s", StoppedClock()).is_valid_request(body, headers)
    assert not SignatureVerifier("other", StoppedClock()).is_valid_request(body, headers)
