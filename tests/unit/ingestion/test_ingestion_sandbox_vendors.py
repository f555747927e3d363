"""What the sandbox says for a vendor is what that vendor's contract asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ingestion.contracts import ContractSet
from ingestion.sandbox.vendors import (
    calendly_event,
    github_issue,
    intercom_notification,
    meta_leads,
    salesforce_message,
    segment_event,
    shopify_order,
    slack_event,
    stripe_event,
)
from ingestion.sandbox.webhooks import sign_body
from ingestion.signatures import SignedRequest
from ingestion.webhooks import SOURCES

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CUSTOMER = {"id": "cus_1", "object": "customer", "email": "a@example.com", "created": 1772366400}
CONTACT = {"type": "contact", "id": "c_1", "role": "user", "email": "a@example.com"}
LEAD = {"Id": "00Q5g00000AbCdEEAV", "LastName": "Ali", "Email": "a@example.com"}

BODIES = {
    "stripe": stripe_event("customer.created", CUSTOMER, NOW, event_id="evt_1"),
    "calendly": calendly_event(
        "invitee.created",
        NOW,
        email="a@example.com",
        name="A",
        starts_at=NOW + timedelta(days=1),
        invitee="AAAA",
    ),
    "meta": meta_leads([(444111, NOW), (444222, NOW)]),
    "segment": [segment_event("Order Paid", NOW, message_id="m-1", user_id="u-1", total=5)],
    "slack": slack_event({"type": "app_mention", "user": "U1"}, NOW, event_id="Ev1"),
    "shopify": shopify_order(1, NOW, email="a@example.com", total="1.00"),
    "intercom": intercom_notification(
        "contact.user.created", CONTACT, NOW, notification_id="notif_1"
    ),
    "github": github_issue("opened", 7, "Broken", repository="acme/site"),
    "salesforce": salesforce_message("Lead", {"04l5g00000DGWLVAA5": LEAD}),
}


@pytest.fixture(scope="module")
def contracts() -> ContractSet:
    return ContractSet.load()


@pytest.mark.parametrize("source", BODIES)
def test_sandbox_fulfils_the_contracts(source: str, contracts: ContractSet) -> None:
    """A request of the sandbox is taken, split, and each event has a known type and is sound."""
    said = BODIES[source]
    body = said if isinstance(said, bytes) else orjson.dumps(said)
    secret = "00D5g000004Ks9Z" if source == "salesforce" else "s"
    signed = sign_body(source, body, secret=secret, sent_at=NOW, event_id="id-1")
    request = SignedRequest("POST", "https://x" + signed.path, [*signed.headers.items()], body)
    SOURCES[source].verifier.verify(request, [secret], NOW)
    findings = [
        contracts.check(source, event.body) for event in SOURCES[source].split(body, signed.headers)
    ]
    assert findings
    assert {(None, None)} == {(found.problem_code, found.problem_path) for found in findings}
