"""One sound body for each contract of the package; all people and ids are made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from ingestion.sandbox import pulls
from ingestion.sandbox import webhooks as sandbox

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = int(AT.timestamp())
ISO = "2026-03-01T12:00:00.000Z"

TYPEFORM = sandbox.typeform_body(
    sandbox.typeform_answers(
        email="ada@example.com",
        phone="+442079460000",
        employees="51-200",
        consent_advertising=True,
        country="GB",
    ),
    AT,
    event_id="01HX",
    hidden={"utm_source": "google", "gclid": "x"},
)
HUBSPOT = [
    sandbox.hubspot_creation("contact", 7, AT, event_id=1),
    sandbox.hubspot_creation("deal", 8, AT, event_id=1),
    sandbox.hubspot_contact_change(7, "email", None, AT, event_id=1),
    sandbox.hubspot_deal_change(8, "dealstage", "closedwon", AT, event_id=1),
    sandbox.hubspot_association(8, 7, AT, event_id=1),
    sandbox.hubspot_contact_merge(7, [9, 10], 7, AT, event_id=1),
    sandbox.hubspot_item(
        "object.propertyChange",
        AT,
        event_id=1,
        objectTypeId="0-1",
        objectId="7",
        propertyName="email",
        propertyValue="a@example.com",
    ),
    sandbox.hubspot_item("object.creation", AT, event_id=1, objectTypeId="0-3", objectId=8),
    sandbox.hubspot_item("contact.deletion", AT, event_id=1, objectId=7),
    sandbox.hubspot_item("contact.privacyDeletion", AT, event_id=1, objectId=7),
    sandbox.hubspot_item("deal.deletion", AT, event_id=1, objectId=8),
    sandbox.hubspot_contact_merge(7, [9], 7, AT, event_id=1)
    | {"subscriptionType": "object.merge", "objectTypeId": "0-1"},
    sandbox.hubspot_item("object.deletion", AT, event_id=1, objectTypeId="0-3", objectId=8),
    sandbox.hubspot_item("object.privacyDeletion", AT, event_id=1, objectTypeId="0-1", objectId=7),
    sandbox.hubspot_item(
        "contact.associationChange",
        AT,
        event_id=1,
        associationType="CONTACT_TO_DEAL",
        fromObjectId=7,
        toObjectId=8,
    ),
    sandbox.hubspot_item("object.associationChange", AT, event_id=1, fromObjectId=8, toObjectId=7),
    sandbox.hubspot_creation("company", 9, AT, event_id=1),
    sandbox.hubspot_item("company.deletion", AT, event_id=1, objectId=9),
    sandbox.hubspot_item(
        "company.propertyChange",
        AT,
        event_id=1,
        objectId=9,
        propertyName="domain",
        propertyValue="acme.example",
    ),
]
CONSENT = {"purpose": "email", "status": "granted", "lawful_basis": "consent"}
STANDARD = [
    sandbox.standard_body("page_view", AT, {"email": "", "page_url": "https://x.example/"}),
    sandbox.standard_body("form_submit", AT, {"phone": 442079460000}),
    sandbox.standard_body("email_open", AT, {"email": None}),
    sandbox.standard_body("email_click", AT, {}),
    sandbox.standard_body("webinar_attend", AT, {"anonymous_id": 5}),
    sandbox.standard_body("meeting_booked", AT, {"anything": {"else": [1]}}),
    sandbox.standard_body("ad_lead", AT, {"utm_source": "meta"}),
    sandbox.standard_body("contact_updated", AT, {"first_name": "Zoë"}),
    sandbox.standard_body("consent_changed", AT, CONSENT),
    sandbox.standard_body(
        "opportunity_changed", AT, {"opportunity_id": 1, "stage": "won", "amount": "12.50"}
    ),
    sandbox.standard_body("email_bounced", AT, {"email": "ada@example.com"}),
    sandbox.standard_body("email_unsubscribed", AT, {"external_id": 5, "timezone": None}),
    sandbox.standard_body("meeting_outcome", AT, {"outcome": "no_show"}),
    sandbox.standard_body("subscription_started", AT, {"subscription_id": "s", "amount": 5}),
    sandbox.standard_body("subscription_cancelled", AT, {"postcode": 1012}),
    sandbox.standard_body("payment_succeeded", AT, {"amount": "12.50", "currency": "eur"}),
    sandbox.standard_body("payment_failed", AT, {"amount": 0, "currency": "EUR"}),
    sandbox.standard_body("account_updated", AT, {"domain": "acme.example", "parent": None}),
    sandbox.standard_body(
        "ad_spend",
        AT,
        {
            "date": "2026-03-01",
            "platform": "google",
            "campaign_id": 7,
            "amount": "0.50",
            "currency": "EUR",
            "clicks": "",
        },
    ),
    sandbox.standard_body("identity_linked", AT, {"email": "a@x.io", "other_user_id": 7}),
    sandbox.standard_body(
        "identity_unlinked", AT, {"person_id": "p_1", "other_record_id": "hubspot:1:2"}
    ),
]
MILLRACE = [
    {
        "type": "mql_reached",
        "occurred_at": AT.isoformat(),
        "person_id": "p1",
        "score": 70,
        "threshold": 60,
        "score_version": "v1",
        "cause_source": "typeform",
        "cause_event_key": "01HX",
    },
    {
        "type": "owner_assigned",
        "occurred_at": AT.isoformat(),
        "person_id": "p1",
        "mql_id": "mql_reached:typeform:01HX",
        "rep_id": "anna",
        "reason": "ROUTED",
        "territory": "emea",
        "product_line": "platform",
        "segment": "small",
        "sla_minutes": 240,
        "sla_due_at": AT.isoformat(),
        "cause_source": "typeform",
        "cause_event_key": "01HX",
        "candidates": [
            {"rep_id": "anna", "rank": 1, "reasons": None, "open_load": 3, "capacity": 60},
            {"rep_id": "maya", "rank": None, "reasons": "TERRITORY", "open_load": 0},
        ],
    },
    {
        "type": "contact_synced",
        "occurred_at": AT.isoformat(),
        "destination": "hubspot",
        "person_id": "p1",
        "vendor_id": "501",
    },
    {
        "type": "person_enriched",
        "occurred_at": AT.isoformat(),
        "destination": "apollo",
        "person_id": "p1",
        "record_id": "typeform:email:ada@example.com",
        "email_sha256": "0" * 64,
        "is_match": True,
        "job_title": "VP Engineering",
    },
    {
        "type": "erased",
        "occurred_at": AT.isoformat(),
        "erasure_id": "er_1",
        "salt": "0123456789abcdef",
        "identifiers": ["0" * 64],
        "requested_by": "dpo",
        "counts": {"events_emptied": 3},
    },
]


def stripe(event_type: str, **subject: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-01-28",
        "created": SECONDS,
        "livemode": False,
        "type": event_type,
        "data": {"object": {"id": "obj_1", "metadata": {"plan": "pro"}, **subject}},
    }


SUBSCRIPTION = {"customer": "cus_1", "status": "active", "items": {"data": [{"id": "si_1"}]}}
INVOICE = {"customer": "cus_1", "amount_due": 4900, "amount_paid": 4900, "currency": "eur"}
STRIPE = [
    stripe("customer.created", email="ada@example.com", name=None, phone=None),
    stripe("customer.updated", email="ada@example.com"),
    stripe("customer.subscription.created", **SUBSCRIPTION),
    stripe("customer.subscription.updated", **SUBSCRIPTION),
    stripe("customer.subscription.deleted", **SUBSCRIPTION, ended_at=SECONDS),
    stripe("invoice.paid", **INVOICE, customer_email="ada@example.com"),
    stripe("invoice.payment_failed", **INVOICE),
    stripe(
        "checkout.session.completed",
        payment_status="paid",
        customer={"id": "cus_1"},
        customer_details={"email": "ada@example.com", "phone": None},
    ),
    stripe("charge.refunded", amount=4900, amount_refunded=900, currency="eur", customer=None),
]


def calendly(event: str, **payload: Any) -> dict[str, Any]:
    invitee = {
        "uri": "https://api.calendly.com/scheduled_events/E/invitees/I",
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "first_name": None,
        "status": "active",
        "questions_and_answers": [{"question": "Budget?", "answer": "10k", "position": 0}],
        "tracking": {"utm_source": "google", "salesforce_uuid": None},
        "scheduled_event": {"name": "Demo", "start_time": ISO, "end_time": ISO},
    }
    return {"event": event, "created_at": ISO, "payload": {**invitee, **payload}}


CALENDLY = [
    calendly("invitee.created"),
    calendly("invitee.canceled", status="canceled", cancellation={"reason": "ill"}),
    calendly("invitee_no_show.created", no_show={"uri": "https://api.calendly.com/n/1"}),
]
META = [
    {
        "object": "page",
        "entry_id": "153125381133",
        "time": SECONDS,
        "change": {
            "field": "leadgen",
            "value": {"leadgen_id": "123123123123", "created_time": SECONDS, "form_id": 12},
        },
    }
]


def salesforce(kind: str, **fields: str | None) -> str:
    """A notification as the gateway keeps it: XML that stands on its own."""
    told = "".join(
        f'<sf:{name} xsi:nil="true"/>' if value is None else f"<sf:{name}>{value}</sf:{name}>"
        for name, value in fields.items()
    )
    return (
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        "<OrganizationId>00D5g000000ABCDEA2</OrganizationId>"
        "<Notification><Id>04l5g000000XYZaAAG</Id>"
        f'<sObject xsi:type="sf:{kind}">{told}</sObject></Notification></notifications>'
    )


SALESFORCE = [
    salesforce("Lead", Id="00Q5g000000LEADEA1", Email="ada@example.com", Phone=None),
    salesforce("Contact", Id="0035g000000CONT", AccountId="0015g000000ACCTAA1"),
    salesforce("Opportunity", Id="0065g000000OPPOAA1", StageName="Closed Won", Amount="12.50"),
    salesforce("Account", Id="0015g000000ACCTAA1", Website="acme.example", AnnualRevenue=None),
]


def segment(kind: str, **more: Any) -> dict[str, Any]:
    who = {"userId": None, "anonymousId": "a-1", "context": {"campaign": {"source": "google"}}}
    return {"type": kind, "messageId": "m-1", "timestamp": ISO, **who, **more}


SEGMENT = [
    segment("track", event="Signed Up", properties={"plan": "pro"}),
    segment("identify", userId="u-1", traits={"email": "ada@example.com", "phone": 4420}),
    segment("page", name="Pricing", properties={"url": "https://x.example/", "search": ""}),
    segment("group", groupId=12, traits={"name": "Analytical Engines"}),
]
SLACK = [
    {
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": SECONDS,
        "team_id": "T1",
        "event": {"type": "message", "user": "U1", "channel": "C1", "text": "hello"},
    }
]
SHOPIFY = [
    {
        "id": 820982911946154508,
        "order_number": 1234,
        "created_at": "2026-03-01T12:00:00-05:00",
        "email": "ada@example.com",
        "total_price": "398.00",
        "customer": {"id": 1, "verified_email": True},
        "line_items": [{"id": 1}],
    },
    {"id": 7, "created_at": ISO, "email": None, "verified_email": True, "tags": "vip"},
]


def intercom(topic: str, **item: Any) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "topic": topic,
        "id": "notif_1",
        "app_id": "app",
        "created_at": SECONDS,
        "data": {"type": "notification_event_data", "item": {"id": "i-1", **item}},
    }


INTERCOM = [
    intercom("contact.created", role="lead", email="ada@example.com"),
    intercom("contact.user.created", role="user", external_id=5),
    intercom("contact.lead.created", role="lead", email=None),
    intercom("conversation.user.created", source={"subject": "", "body": "Hi"}, user={"id": "1"}),
]
GITHUB = [
    {
        "action": "opened",
        "issue": {"number": 1, "title": "It breaks", "state": "open", "user": {"login": "ada"}},
        "repository": {"full_name": "acme/shop"},
    }
]


def pulled(kind: str, content: dict[str, Any], account: str = "1", **more: Any) -> dict[str, Any]:
    return {"pulled": kind, "account": account, "object": content, **more}


RECORD = pulls.hubspot_record(7, {"email": "ada@example.com", "amount": None}, AT, contacts=[8])
SALESFORCE_IDS = {
    "Lead": "00Q5g000000LEADEA1",
    "Contact": "0035g000000CONT",
    "Account": "0015g000000ACCTAA1",
    "Opportunity": "0065g000000OPPOAA1",
}
ROLE = {
    "OpportunityId": SALESFORCE_IDS["Opportunity"],
    "ContactId": SALESFORCE_IDS["Contact"],
    "IsPrimary": True,
}
PULLED = [
    *(("hubspot", pulled(kind, RECORD)) for kind in ("contact", "company", "deal", "meeting")),
    ("hubspot", pulled("owner", {"id": "5", "email": "ada@example.com", "updatedAt": ISO})),
    (
        "hubspot",
        pulled(
            "email_event", pulls.hubspot_email_event("OPEN", "ada@example.com", AT, event_id="e")
        ),
    ),
    *(
        (
            "salesforce",
            pulled(kind, pulls.salesforce_record(kind, record, AT), account="00D5g000004Ks9ZEAS"),
        )
        for kind, record in SALESFORCE_IDS.items()
    ),
    (
        "salesforce",
        pulled(
            "OpportunityContactRole",
            pulls.salesforce_record("OpportunityContactRole", "00K5g000000ROLE", AT, **ROLE),
            account="00D5g000004Ks9ZEAS",
        ),
    ),
    ("stripe", pulled("customer", {"id": "cus_1", "email": None}, pulled_at=ISO)),
    ("meta", pulled("lead", pulls.meta_lead("1", AT, {"email": "ada@example.com"}))),
    ("meta", pulled("ad_insight", pulls.meta_insight("2026-03-01", "c", "0.5"), pulled_at=ISO)),
]

GOOD = [
    ("typeform", TYPEFORM),
    *(("hubspot", item) for item in HUBSPOT),
    *(("standard", body) for body in STANDARD),
    *(("millrace", body) for body in MILLRACE),
    *(("stripe", body) for body in STRIPE),
    *(("calendly", body) for body in CALENDLY),
    *(("meta", body) for body in META),
    *(("salesforce", body) for body in SALESFORCE),
    *(("segment", body) for body in SEGMENT),
    *(("slack", body) for body in SLACK),
    *(("shopify", body) for body in SHOPIFY),
    *(("intercom", body) for body in INTERCOM),
    *(("github", body) for body in GITHUB),
    *PULLED,
]


def to_body(document: Any) -> bytes:
    """The bytes of an example: its JSON, or the text itself where it is no JSON."""
    return document.encode() if isinstance(document, str) else orjson.dumps(document)
