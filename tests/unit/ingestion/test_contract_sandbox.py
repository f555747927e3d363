"""What the gateway makes of the vendors' requests keeps to the vendors' contracts."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from ingestion.contracts import ContractSet
from ingestion.sandbox import vendors
from ingestion.webhooks import SOURCES

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEADS = {
    "04l5g000000SAAAAA1": {"Id": "00Q5g000000LEADEA1", "Email": "ada@example.com", "Phone": None},
    "04l5g000000SAAAAA2": {"Id": "00Q5g000000LEADEA2", "LastName": "Hopper & Sons"},
}
REQUESTS = {
    "stripe": (
        vendors.stripe_event("customer.created", {"id": "cus_1"}, AT, event_id="evt_1"),
        ["stripe/customer.created/1.0.0"],
    ),
    "calendly": (
        vendors.calendly_event(
            "invitee.created",
            AT,
            email="ada@example.com",
            name="Ada",
            starts_at=AT,
            invitee="I",
        ),
        ["calendly/invitee.created/1.0.0"],
    ),
    "meta": (vendors.meta_leads([(1, AT), (2, AT)]), ["meta/leadgen/1.0.0"] * 2),
    "segment": (
        {
            "batch": [
                vendors.segment_event(name, AT, message_id=name, user_id="u", plan="pro")
                for name in ("Signed Up", "Upgraded")
            ]
        },
        ["segment/track/1.0.0"] * 2,
    ),
    "slack": (
        vendors.slack_event({"type": "team_join", "user": {"id": "U1"}}, AT, event_id="Ev1"),
        ["slack/event_callback/1.0.0"],
    ),
    "shopify": (
        vendors.shopify_order(7, AT, email="ada@example.com", total="12.50"),
        ["shopify/orders/1.0.0"],
    ),
    "intercom": (
        vendors.intercom_notification("contact.created", {"id": "1"}, AT, notification_id="n"),
        ["intercom/contact.created/1.0.0"],
    ),
    "github": (
        vendors.github_issue("opened", 1, "It breaks", repository="acme/shop"),
        ["github/issues/1.0.0"],
    ),
    "salesforce": (vendors.salesforce_message("Lead", LEADS), ["salesforce/Lead/1.0.0"] * 2),
}


@pytest.mark.parametrize("source", REQUESTS)
def test_a_request_becomes_events_under_contract(source: str) -> None:
    """Each event of a vendor's request falls under its contract and keeps to it."""
    request, expected = REQUESTS[source]
    body = request if isinstance(request, bytes) else orjson.dumps(request)
    contracts = ContractSet.load()
    findings = [contracts.check(source, event.body) for event in SOURCES[source].split(body, {})]
    assert expected == [finding.contract for finding in findings]
    assert {None} == {finding.problem_code for finding in findings}
