"""Real objects of vendors: each is read, or refused with a code; none breaks a model."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import vendor_data as real
from dbt_builders import RawEvent
from dbt_vendor_events import pulled, sent
from dbt_warehouse import Warehouse

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ORG = "00D5g000004Ks9ZEAS"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _data() -> None:
    if real.DATA.is_dir():
        return
    reason = f"the real data is not at {real.DATA.name}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def from_hubspot() -> list[RawEvent]:
    """Landed tables of HubSpot as its API gives them, and the API's own older shapes."""
    found = [
        ("contact", real.hubspot_record(row, "id")) for row in real.rows("hubspot/contact_data.csv")
    ]
    found += [
        ("company", real.hubspot_record(row, "id")) for row in real.rows("hubspot/company_data.csv")
    ]
    found += [
        ("deal", real.hubspot_record(row, "deal_id")) for row in real.rows("hubspot/deal_data.csv")
    ]
    found += [
        ("email_event", real.email_event(row)) for row in real.rows("hubspot/email_event_data.csv")
    ]
    for row in real.rows("hubspot/owner_data.csv"):
        changed = real.instant(row["updated_at"])
        found.append(
            ("owner", {"id": row["owner_id"], "email": row["email"], "updatedAt": changed})
        )
    for row in real.rows("hubspot/engagement_meeting_data.csv"):
        properties = {"hs_meeting_outcome": row["meeting_outcome"]}
        changed = real.instant(row["_fivetran_synced"])
        meeting = {"id": row["engagement_id"], "properties": properties, "updatedAt": changed}
        found.append(("meeting", meeting))
    fixtures = "hull-hubspot/test/integration/fixtures"
    events = real.document(
        "hull-hubspot/test/integration/purplefusion/fixtures/events/hubspot-email-events.json"
    )
    found += [("email_event", event) for event in events["events"]]
    contacts = real.document(f"{fixtures}/get-contacts-recently-updated.json")
    found += [("contact", contact) for contact in contacts["contacts"]]
    companies = real.document(f"{fixtures}/get-companies-recent-modified.json")
    found += [("company", company) for company in companies["results"]]
    deal = "hull-hubspot-deals/test/integration/fixtures/create-user-service-response.json"
    found.append(("deal", real.document(deal)))
    return [pulled("hubspot", kind, content, NOW, account="62515") for kind, content in found]


def from_salesforce() -> list[RawEvent]:
    """Landed tables of Salesforce as its API gives them, and answers of that API."""
    tables = {"Lead": "lead", "Contact": "contact", "Account": "account",
              "Opportunity": "opportunity"}  # fmt: skip
    found = [
        (kind, real.salesforce_record(row))
        for kind, name in tables.items()
        for row in real.rows(f"salesforce/sf_{name}_data.csv")
    ]
    for kind in ("leads", "contacts"):
        answer = f"hull-salesforce/test/fixtures/api_responses/find{kind}.json"
        found += [(kind[:-1].title(), record) for record in real.document(answer)["records"]]
    return [pulled("salesforce", kind, content, NOW, account=ORG) for kind, content in found]


def from_stripe() -> list[RawEvent]:
    """Every fixture object of Stripe as the subject of every event that we read."""
    types = {
        "customer": ["customer.created", "customer.updated"],
        "checkout.session": ["checkout.session.completed"],
        "invoice": ["invoice.paid", "invoice.payment_failed"],
        "subscription": ["customer.subscription.created", "customer.subscription.updated",
                         "customer.subscription.deleted"],
        "charge": ["charge.refunded"],
    }  # fmt: skip
    found = []
    for name, content in real.stripe_objects().items():
        for event_type in types.get(name, [f"{name}.updated"]):
            event = {"id": f"evt_{name}_{event_type}", "type": event_type,
                     "created": 1234567890, "data": {"object": content}}  # fmt: skip
            found += sent("stripe", event, NOW)
    return found


def from_typeform() -> list[RawEvent]:
    """Responses of a real form, in the envelope of the webhook."""
    answers = "hull-typeform/test/integration/fixtures/example-form-responses.json"
    found = []
    for item in real.document(answers)["items"]:
        event = {"event_id": item["token"], "event_type": "form_response",
                 "form_response": {"form_id": "lR6F4j", **item}}  # fmt: skip
        found += sent("typeform", event, NOW)
    return found


@pytest.fixture(scope="module")
def outcomes(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    events = [*from_hubspot(), *from_salesforce(), *from_stripe(), *from_typeform()]
    once = {event.event_id: event for event in events}
    warehouse.build(list(once.values()), command="build")
    rows = warehouse.rows("intermediate.int_event_outcomes")
    assert len(once) == len(rows)
    return {row["event_id"]: row for row in rows}


def test_each_object_has_an_outcome(outcomes: dict[str, dict[str, Any]]) -> None:
    """What is not applied says why; nothing that our contracts let in is left unread."""
    assert all(row["code"] for row in outcomes.values() if row["outcome"] != "applied")
    unread = Counter(
        row["event_type"] for row in outcomes.values() if row["code"] == "NOT_MODELLED"
    )
    assert {"email_event.pulled"} >= set(unread)


@pytest.mark.parametrize(
    ("source", "kind", "refused"),
    [
        # HubSpot's older API has its own shape and some landed companies no date, Salesforce's
        # answers may lack every time, two landed ids are too short, and one form has no answers.
        ("hubspot", "company.pulled", {"FIELD_MISSING", "FIELD_MISMATCH"}),
        ("hubspot", "contact.pulled", {"FIELD_MISSING"}),
        ("hubspot", "deal.pulled", {"FIELD_MISSING"}),
        ("hubspot", "owner.pulled", set()),
        ("hubspot", "meeting.pulled", set()),
        ("salesforce", "Account.pulled", {"FIELD_FORMAT", "TIMESTAMP_INVALID"}),
        ("salesforce", "Contact.pulled", {"FIELD_FORMAT", "TIMESTAMP_INVALID"}),
        ("salesforce", "Lead.pulled", {"TIMESTAMP_INVALID"}),
        ("salesforce", "Opportunity.pulled", {"FIELD_FORMAT"}),
        ("stripe", "invoice.paid", set()),
        ("stripe", "customer.subscription.created", set()),
        ("stripe", "checkout.session.completed", set()),
        ("stripe", "customer.created", set()),
        ("stripe", "charge.refunded", {"IDENTIFIER_MISSING"}),
        ("typeform", "form_response", {"IDENTIFIER_MISSING", "FIELD_MISMATCH"}),
    ],
)
def test_objects_are_read_or_refused_for_a_reason(
    outcomes: dict[str, dict[str, Any]], source: str, kind: str, refused: set[str]
) -> None:
    """Of each kind something came, and only these things can be wrong with it."""
    rows = [
        row for row in outcomes.values() if (row["source"], row["event_type"]) == (source, kind)
    ]
    assert rows
    assert refused >= {row["code"] for row in rows if row["outcome"] != "applied"}
