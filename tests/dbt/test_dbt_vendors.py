"""What the models make of every vendor, from the request to the canonical schema."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from dbt_builders import RawEvent, at, iso
from dbt_vendor_events import flat, pulled, said, sent
from dbt_warehouse import Row, Warehouse

from ingestion.sandbox import pulls, vendors
from ingestion.sandbox.hubspot import hubspot_item

ORG = "00D5g000004Ks9Z"  # 15 characters; the message names it with its checksum
PORTAL = "62515"
CONTACT = "0035g00000CONT0AAA"


def salesforce(kind: str, at_hours: float, **fields: str | None) -> list[RawEvent]:
    record = {"LastModifiedDate": iso(at(at_hours)), **fields}
    notification = f"04l5g{at_hours:010.3f}".replace(".", "A")
    return sent(
        "salesforce", vendors.salesforce_message(kind, {notification: record}), at(at_hours)
    )


def stripe(event_type: str, hours: float, before: Any = None, **subject: Any) -> list[RawEvent]:
    event = vendors.stripe_event(
        event_type,
        {"id": f"obj_{hours}", **subject},
        at(hours),
        event_id=f"evt_{event_type}_{hours}",
    )
    event["data"] |= {"previous_attributes": before} if before else {}
    return sent("stripe", event, at(hours))


def calendly(event: str, hours: float, **payload: Any) -> list[RawEvent]:
    body = vendors.calendly_event(
        event, at(hours), email="cleo@diary.example", name="Cleo van Diary", starts_at=at(90),
        invitee="I1",
    )  # fmt: skip
    body["payload"] |= payload
    return sent("calendly", body, at(hours))


def segment(kind: str, hours: float, **more: Any) -> list[RawEvent]:
    call = {
        "type": kind,
        "messageId": f"m-{kind}-{hours}",
        "timestamp": at(hours).isoformat(),
        "anonymousId": "visitor-1",
        **more,
    }
    return sent("segment", {"batch": [call]}, at(hours))


def hubspot_pull(kind: str, content: dict[str, Any], hours: float) -> RawEvent:
    return pulled("hubspot", kind, content, at(hours), account=PORTAL)


def salesforce_pull(kind: str, record_id: str, hours: float, **fields: Any) -> RawEvent:
    record = pulls.salesforce_record(kind, record_id, at(hours), **fields)
    return pulled("salesforce", kind, record, at(hours + 1), account=ORG)


SALESFORCE = [
    salesforce("Lead", 1, Id="00Q5g00000LEAD1", Email="lea@forge.example", FirstName="Lea",
               LastName="Lead", Phone=None, Company="Forge"),
    salesforce("Lead", 2, Id="00Q5g00000LEAD1", LastModifiedDate=None, Title="CTO"),
    salesforce_pull("Contact", CONTACT, 1, Email="connie@forge.example", LastName="Contact",
                    MailingCountry="Germany", HasOptedOutOfEmail=True, DoNotCall=True),
    salesforce("Opportunity", 3, Id="0065g00000OPPO1AAA", Name="Big one", StageName="Closed Won",
               Amount="1200.50", CurrencyIsoCode="eur", CloseDate="2026-11-01", ContactId=CONTACT),
    salesforce_pull("Opportunity", "0065g00000OPPO2AAA", 3, StageName="Handshake", Amount=10.5,
                    IsClosed=True, IsWon=True),
    salesforce_pull("OpportunityContactRole", "00K5g00000ROLE1AAA", 4, ContactId=CONTACT,
                    OpportunityId="0065g00000OPPO2AAA", IsPrimary=True),
    salesforce_pull("Account", "0015g00000ACCT1AAA", 4, Name="Forge Holding", ParentId=None,
                    Website="https://www.forge.example", AnnualRevenue=1e6),
    salesforce_pull("Account", "0015g00000ACCT2AAA", 4, Name="Forge", NumberOfEmployees=250,
                    ParentId="0015g00000ACCT1AAA", Industry="Steel"),
]  # fmt: skip
NO_SUCH_STAGE = salesforce("Opportunity", 5, Id="0065g00000OPPO3AAA", StageName="Handshake")
NO_TIME = salesforce("Lead", 6, Id="00Q5g00000LEAD2AAA", Email="tim@time.example",
                     LastModifiedDate="someday")  # fmt: skip

INVOICE = {"customer": "cus_1", "customer_email": "stella@stripe.example", "currency": "eur"}
PLAN = {"data": [{"id": "si_1", "quantity": 2, "price": {"unit_amount": 4900}}]}
SUBSCRIPTION = {"customer": {"id": "cus_1"}, "currency": "eur"}
STRIPE = [
    stripe("customer.created", 1, id="cus_1", email="stella@stripe.example",
           name="Stella M. Stripe"),
    stripe("checkout.session.completed", 2, customer=None, payment_status="paid",
           amount_total=5000, currency="jpy", customer_details={"email": "jun@stripe.example"}),
    stripe("checkout.session.completed", 3, customer="cus_1", payment_status="paid",
           amount_total=9800, currency="eur", subscription="sub_1", client_reference_id="u-7"),
    stripe("invoice.paid", 4, **INVOICE, amount_due=9800, amount_paid=9800),
    stripe("invoice.paid", 5, **INVOICE, amount_due=0, amount_paid=0),
    stripe("invoice.payment_failed", 6, **INVOICE | {"currency": "kwd"}, amount_due=1234567,
           amount_paid=0),
    stripe("customer.subscription.created", 7, **SUBSCRIPTION, status="incomplete", items=PLAN),
    stripe("customer.subscription.updated", 8, {"status": "incomplete"}, **SUBSCRIPTION,
           status="active", items=PLAN),
    stripe("customer.subscription.updated", 9, **SUBSCRIPTION, status="past_due", items=PLAN),
    stripe("customer.subscription.deleted", 10, **SUBSCRIPTION, status="canceled",
           items={"data": [*PLAN["data"], {"id": "si_2"}]}),
    stripe("charge.refunded", 11, {"amount_refunded": 1000}, customer="cus_1", amount=9800,
           amount_refunded=2500, currency="eur"),
    pulled("stripe", "customer", {"id": "cus_1", "email": "stella@new.example", "phone": None},
           at(12), account="acct_1"),
]  # fmt: skip

NOT_COME = {"no_show": {"uri": "https://api.calendly.com/n/1"}}
CALENDLY = [
    calendly("invitee.created", 1, tracking={"utm_source": "Google", "utm_campaign": "demo",
             "salesforce_uuid": "00Q5g00000LEAD9"}, timezone="Europe/Amsterdam"),
    calendly("invitee.canceled", 2),
    calendly("invitee_no_show.created", 3, email=None, **NOT_COME),
]  # fmt: skip

CONTEXT = {
    "campaign": {"source": "LinkedIn", "name": "autumn"},
    "ip": "192.0.2.7",
    "timezone": "Asia/Tokyo",
    "page": {"url": "https://x.example/pricing", "referrer": "https://news.example/"},
}
SEGMENT = [
    segment("page", 1, context=CONTEXT, properties={"url": "https://x.example/pricing"}),
    segment("identify", 2, userId="seg-1", traits={
        "email": "sam@segment.example", "name": "Sam Segment", "birthday": "1990-02-03",
        "company": {"name": "Acme", "employee_count": 80}, "address": {"city": "Tokyo"}}),
    segment("track", 3, userId="seg-1", event="Order Completed",
            properties={"revenue": 25.5, "currency": "usd"}),
    segment("track", 4, userId="seg-1", event="Something Else"),
    segment("group", 5, userId="seg-1", groupId=12, traits={
        "name": "Acme", "website": "acme.example", "employees": 80}),
]  # fmt: skip
BAD_REVENUE = segment("track", 6, userId="seg-1", event="Order Completed",
                      properties={"revenue": "a lot"})  # fmt: skip

ANSWERS = {"full_name": "Mette Lead", "email": "mette@meta.example", "province": "Fyn"}
META = [
    sent("meta", vendors.meta_leads([(9001, at(1))]), at(1)),
    pulled("meta", "lead", pulls.meta_lead("9001", at(1), ANSWERS, campaign_id="c-1"), at(2),
           account="p-1"),
    pulled("meta", "lead", pulls.meta_lead("9002", at(1), {"email": "nis@meta.example"}), at(2),
           account="p-1"),
    pulled("meta", "ad_insight", pulls.meta_insight("2026-10-31", "c-1", "10.00"), at(1),
           account="act_1"),
    pulled("meta", "ad_insight", pulls.meta_insight("2026-10-31", "c-1", "12.34"), at(9),
           account="act_1"),
]  # fmt: skip
TWO_DAYS = pulled(
    "meta", "ad_insight",
    pulls.meta_insight("2026-10-30", "c-2", "1") | {"date_stop": "2026-10-31"}, at(1),
    account="act_1",
)  # fmt: skip
BY_AD = pulled(
    "meta", "ad_insight", pulls.meta_insight("2026-10-31", "c-1", "1", ad_id="a-1"), at(3),
    account="act_1",
)  # fmt: skip

INTERCOM = [
    sent("intercom", vendors.intercom_notification(
        "contact.created",
        {"id": "i-1", "role": "lead", "email": "ivy@inter.example", "name": "Ivy Comm"},
        at(1), notification_id="n-1"), at(1)),
]  # fmt: skip
CONVERSATION = sent(
    "intercom", vendors.intercom_notification(
        "conversation.user.created", {"id": "k-1", "user": {"id": "i-1"}}, at(1),
        notification_id="n-2"), at(1),
)  # fmt: skip

PERSON = {"email": "hugo@hub.example", "firstname": "Hugo", "phone": "+49 30 901820",
          "mobilephone": "+49 170 1234567", "zip": "10115"}  # fmt: skip
SPOKE = "https://x.example/?utm_source=hs"


def meeting(outcome: str, hours: float) -> RawEvent:
    properties = {"hs_meeting_outcome": outcome}
    return hubspot_pull(
        "meeting", pulls.hubspot_record(31, properties, at(hours), contacts=[501]), hours
    )


def mail(kind: str, hours: float, **more: Any) -> RawEvent:
    event = pulls.hubspot_email_event(
        kind, "hugo@hub.example", at(hours), event_id=f"{kind}-{hours}", **more
    )
    return hubspot_pull("email_event", event, hours)


def company(event_type: str, hours: float, **more: Any) -> list[RawEvent]:
    item = hubspot_item(event_type, at(hours), event_id=int(hours * 100), objectId=77, **more)
    return sent("hubspot", [item], at(hours))


HUBSPOT = [
    hubspot_pull("contact", pulls.hubspot_record(501, PERSON, at(1)), 2),
    hubspot_pull("contact", pulls.hubspot_record(501, {"jobtitle": "CEO"}, at(3)), 4),
    hubspot_pull("deal", pulls.hubspot_record(
        91, {"dealname": "Deal", "dealstage": "1234", "amount": "99.90", "hs_is_closed": "true",
             "deal_currency_code": "EUR", "hs_is_closed_won": "true"}, at(5),
        contacts=[502, 501]), 6),
    hubspot_pull("deal", pulls.hubspot_record(
        91, {"dealname": "Renamed"}, at(7), contacts=[501]), 8),
    hubspot_pull("company", pulls.hubspot_record(
        77, {"domain": "hub.example", "name": "Hub", "hs_parent_company_id": "78"}, at(1)), 2),
    hubspot_pull("owner", {"id": "5", "email": "o@x.example", "updatedAt": iso(at(1))}, 2),
    company("company.creation", 0.5),
    company("company.propertyChange", 3, propertyName="industry", propertyValue="Software"),
    company("object.propertyChange", 4, objectTypeId="0-2", propertyName="name",
            propertyValue="Hub Ltd"),
    meeting("SCHEDULED", 10), meeting("SCHEDULED", 11), meeting("NO_SHOW", 12),
    mail("OPEN", 20), mail("OPEN", 21, filteredEvent=True), mail("CLICK", 22, url=SPOKE),
    mail("BOUNCE", 23), mail("STATUSCHANGE", 24, portalSubscriptionStatus="UNSUBSCRIBED"),
    mail("STATUSCHANGE", 25, portalSubscriptionStatus="SUBSCRIBED"),
]  # fmt: skip
DELIVERED = mail("DELIVERED", 19)
UNMAPPED = company("company.propertyChange", 5, propertyName="about_us", propertyValue="?")

WHO = {"email": "wim@web.example", "external_id": "w-1", "timezone": "Europe/Amsterdam"}
STANDARD = [
    said("contact_updated", at(1), key="s-1", **WHO, birth_date="1980-01-02", postcode=1012),
    said("email_bounced", at(2), key="s-2", **WHO),
    said("email_unsubscribed", at(3), key="s-3", **WHO),
    said("meeting_outcome", at(4), key="s-4", **WHO, outcome="attended"),
    said("subscription_started", at(5), key="s-5", **WHO, amount="9.99", currency="eur"),
    said("subscription_cancelled", at(6), key="s-6", **WHO),
    said("payment_succeeded", at(7), key="s-7", **WHO, amount=9.99, currency="eur"),
    said("payment_failed", at(8), key="s-8", **WHO, amount="9.99", currency="eur"),
    said("account_updated", at(9), key="s-9", account_id="a-1", domain="web.example",
         employees=12, parent="holding.example"),
    said("account_updated", at(9), key="s-10", account_id="a-2", parent="a-1"),
    said("ad_spend", at(10), key="s-11", date="2026-10-31", platform="Google_Ads",
         campaign_id="g-1", amount="5", currency="eur", clicks="7"),
    said("ad_spend", at(9), key="s-12", date="2026-10-31", platform="google_ads", campaign_id="g-1",
         amount="4", currency="eur", clicks="6"),
]  # fmt: skip
REFUSED = {
    "standard:outcome": said("meeting_outcome", at(4), key="r-1", **WHO, outcome="eaten"),
    "standard:day": said("ad_spend", at(1), key="r-2", date="2026-13-01", platform="x",
                         campaign_id="1", amount=1, currency="eur"),
    "standard:overflow": said("payment_succeeded", at(1), key="r-3", **WHO, amount="9" * 30,
                              currency="eur"),
}  # fmt: skip

EVERYTHING = flat([
    *SALESFORCE, NO_SUCH_STAGE, NO_TIME, *STRIPE, *CALENDLY, *SEGMENT, BAD_REVENUE, *META, TWO_DAYS,
    BY_AD, *INTERCOM, CONVERSATION, *HUBSPOT, DELIVERED, UNMAPPED, *STANDARD, *REFUSED.values(),
])  # fmt: skip


class Built:
    """The tables of one build that these tests read, by name."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.outcomes = {
            row["event_id"]: (row["outcome"], row["code"], row["path"])
            for row in warehouse.rows("intermediate.int_event_outcomes")
        }
        self.contacts = warehouse.rows("intermediate.int_contact_candidates", "occurred_at")
        self.records = _records(
            warehouse.rows("intermediate.int_contact_statements", "last_order_key")
        )
        self.activities = warehouse.rows("intermediate.int_activities", "occurred_at")
        self.opportunities = {
            row["opportunity_id"]: row for row in warehouse.rows("marts.fct_opportunities")
        }
        self.spend = warehouse.rows("intermediate.int_spend")
        self.people = {row["email"]: row for row in warehouse.rows("marts.dim_people")}
        self.accounts = {
            source: warehouse.rows(f"intermediate.int_{source}__accounts", "occurred_at")
            for source in ("hubspot", "hubspot_pulls", "salesforce", "segment", "standard")
        }
        self.refusals = {
            source: warehouse.rows(f"intermediate.int_{source}__consents")
            for source in ("hubspot_pulls", "salesforce")
        }

    def done(self, source: str) -> list[tuple[Any, ...]]:
        """What people did: type, outcome, amount and currency, in order of time."""
        return [
            (row["activity_type"], row["outcome"], row["amount"], row["currency"])
            for row in self.activities
            if row["activity_id"].startswith(f"{source}:")
        ]

    def outcome(self, events: RawEvent | list[RawEvent]) -> tuple[str, str | None, str | None]:
        event = events if isinstance(events, RawEvent) else events[0]
        return self.outcomes[event.event_id]

    def account(self, source: str, account_id: str) -> list[Row]:
        return [row for row in self.accounts[source] if row["external_account_id"] == account_id]


def _records(statements: list[Row]) -> dict[str, Row]:
    """The latest value of each field that each record told, by record; events told of it."""
    records: dict[str, Row] = {}
    for row in statements:
        record = records.setdefault(row["record_id"], {"observations": 0})
        record["observations"] += row["events"]
        record |= {name: value for name, value in row.items() if value is not None}
    return records


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Built:
    warehouse.build(EVERYTHING, command="build")
    return Built(warehouse)


def test_everything_sound_is_applied(built: Built) -> None:
    """What these vendors send and their APIs give is read, but for what is refused on purpose."""
    refused = flat([NO_SUCH_STAGE, NO_TIME, BAD_REVENUE, TWO_DAYS, BY_AD, CONVERSATION, DELIVERED,
                    UNMAPPED, *REFUSED.values()])  # fmt: skip
    expected = {event.event_id for event in EVERYTHING} - {event.event_id for event in refused}
    applied = {name for name, (outcome, _, _) in built.outcomes.items() if outcome == "applied"}
    assert expected == applied


def test_what_is_wrong_is_told_with_its_place(built: Built) -> None:
    """Each refused event has its code and the place of what is wrong in its body."""
    quarantined, ignored = "quarantined", "ignored"
    assert (quarantined, "PICKLIST_UNKNOWN", "/object/StageName") == built.outcome(NO_SUCH_STAGE)
    assert (quarantined, "TIMESTAMP_INVALID", "/object/SystemModstamp") == built.outcome(NO_TIME)
    assert (quarantined, "FIELD_FORMAT", "/properties/revenue") == built.outcome(BAD_REVENUE)
    assert (quarantined, "TIMESTAMP_INVALID", "/object/date_stop") == built.outcome(TWO_DAYS)
    assert (quarantined, "CONTRACT_VIOLATION", "/object/ad_id") == built.outcome(BY_AD)
    assert (ignored, "NOT_MODELLED", None) == built.outcome(CONVERSATION)
    assert (ignored, "NOT_MODELLED", None) == built.outcome(DELIVERED)
    assert (ignored, "PROPERTY_NOT_MAPPED", "/propertyName") == built.outcome(UNMAPPED)
    refused = {name: built.outcome(event) for name, event in REFUSED.items()}
    assert {
        "standard:outcome": (quarantined, "PICKLIST_UNKNOWN", "/data/outcome"),
        "standard:day": (quarantined, "FIELD_FORMAT", "/data/date"),
        "standard:overflow": (quarantined, "FIELD_FORMAT", "/data/amount"),
    } == refused


def test_salesforce_ids_are_one_however_long(built: Built) -> None:
    """15 and 18 characters name one record, of messages and pulls alike; nil overwrites nothing."""
    lead = built.records["salesforce:00D5g000004Ks9ZEAS:00Q5g00000LEAD1EAP"]
    assert ("lea@forge.example", "CTO", 2) == (
        lead["email"], lead["job_title"], lead["observations"],
    )  # fmt: skip


def test_a_message_without_times_is_taken_as_sent(built: Built) -> None:
    """Who sets up an outbound message chooses its fields; without a time it changed as it came."""
    (told,) = (row for row in built.contacts if row["job_title"] == "CTO")
    assert told["received_at"] == told["occurred_at"]


def test_salesforce_opportunities_belong_to_their_contact(built: Built) -> None:
    """By ContactId or contact role; a stage nobody registered is told by IsClosed and IsWon."""
    connie = built.people["connie@forge.example"]["person_id"]
    opportunity = "salesforce:00D5g000004Ks9ZEAS:0065g00000OPPO{}AAA".format
    found = [built.opportunities[opportunity(number)] for number in (1, 2)]
    assert [
        (connie, "closed_won", True, Decimal("1200.50"), "EUR"),
        (connie, "closed_won", True, Decimal("10.50"), None),
    ] == [
        (row["person_id"], row["stage"], row["is_won"], row["amount"], row["currency"])
        for row in found
    ]
    assert opportunity(3) not in built.opportunities


def test_marks_of_refusal_withdraw_consent(built: Built) -> None:
    """HasOptedOutOfEmail and DoNotCall say that a channel is closed, whatever the purpose."""
    assert [("email", "withdrawn"), ("phone", "withdrawn")] == sorted(
        (row["channel"], row["status"]) for row in built.refusals["salesforce"]
    )


def test_money_at_stripe(built: Built) -> None:
    """Minor units by currency; what an invoice tells is not told twice; refunds are negative."""
    assert [
        ("payment_succeeded", None, Decimal(5000), "JPY"),
        ("payment_succeeded", None, Decimal("98.00"), "EUR"),
        ("payment_failed", None, Decimal("1234.57"), "KWD"),
        ("subscription_started", None, Decimal("98.00"), "EUR"),
        ("subscription_cancelled", None, None, "EUR"),
        ("payment_refunded", None, Decimal("-15.00"), "EUR"),
    ] == built.done("stripe")
    stella = built.records["stripe:cus_1"]
    assert ("stella@new.example", "Stella M.", "Stripe", "u-7") == (
        stella["email"], stella["first_name"], stella["last_name"], stella["user_id"],
    )  # fmt: skip


def test_meetings_at_calendly(built: Built) -> None:
    """Booked, called off, not come: of one invitee, also where a message leaves out the address."""
    assert [
        ("meeting_booked", None, None, None),
        ("meeting_outcome", "canceled", None, None),
        ("meeting_outcome", "no_show", None, None),
    ] == built.done("calendly")
    told = [row for row in built.contacts if row["source"] == "calendly"]
    assert 1 == len({row["record_id"] for row in told})
    lead = "00Q5g00000LEAD9EAP"
    assert ("google", "demo", lead, "Europe/Amsterdam", "Cleo van", "Diary") == tuple(
        told[0][name]
        for name in ("utm_source", "utm_campaign", "salesforce_id", "timezone", "first_name",
                     "last_name")
    )  # fmt: skip


def test_calls_of_segment(built: Built) -> None:
    """Pages and mapped events are activities; any call says who somebody is and where from."""
    assert [
        ("page_view", None, None, None),
        ("payment_succeeded", None, Decimal("25.50"), "USD"),
    ] == built.done("segment")
    visitor, known, *_ = (row for row in built.contacts if row["source"] == "segment")
    assert ("segment:visitor:visitor-1", "linkedin", "autumn", "https://x.example/pricing") == (
        visitor["record_id"], visitor["utm_source"], visitor["utm_campaign"], visitor["page_url"],
    )  # fmt: skip
    assert ("segment:user:seg-1", "visitor-1", "Sam", "Segment", "Acme", "80", "Tokyo") == tuple(
        known[name]
        for name in ("record_id", "anonymous_id", "first_name", "last_name", "company",
                     "employees", "city")
    )  # fmt: skip
    # A group tells of a company by its traits, not of the person in it.
    assert {"Sam"} == {row["first_name"] for row in built.contacts
                       if row["source"] == "segment" and row["first_name"]}  # fmt: skip
    (group,) = built.account("segment", "segment:12")
    assert ("acme.example", "Acme", "80") == (
        group["domain_given"], group["name"], group["employees_given"],
    )  # fmt: skip


def test_a_meta_lead_is_one_lead(built: Built) -> None:
    """The webhook announces it, the pull tells what was said; a lead only pulled counts too."""
    assert [("ad_lead", None, None, None)] * 2 == built.done("meta")
    lead = built.records["meta:9001"]
    assert ("mette@meta.example", "Mette", "Lead", "Fyn", 2) == tuple(
        lead[name] for name in ("email", "first_name", "last_name", "state", "observations")
    )
    assert "nis@meta.example" in built.people


def test_an_intercom_contact(built: Built) -> None:
    """A new contact of Intercom is a record of its own."""
    ivy = built.records["intercom:a86dr8yl:i-1"]
    assert ("ivy@inter.example", "Ivy", "Comm") == (
        ivy["email"], ivy["first_name"], ivy["last_name"],
    )  # fmt: skip


def test_pulled_contacts_of_hubspot(built: Built) -> None:
    """Properties run through the same map as changes do, in the order of their own dates."""
    hugo = built.records["hubspot:62515:501"]
    assert ("hugo@hub.example", "Hugo", "CEO", "10115", "+4930901820") == tuple(
        hugo[name] for name in ("email", "first_name", "job_title", "postcode", "phone")
    )


def test_pulled_deals_of_hubspot(built: Built) -> None:
    """A custom stage is told by hs_is_closed; who left the latest list of contacts is out."""
    deal = built.opportunities["hubspot:62515:91"]
    assert ("Renamed", "closed_won", Decimal("99.90"), "EUR") == (
        deal["name"], deal["stage"], deal["amount"], deal["currency"],
    )  # fmt: skip
    assert built.people["hugo@hub.example"]["person_id"] == deal["person_id"]


def test_companies_of_hubspot(built: Built) -> None:
    """Changes, of either name, and pulls say the same kind of things about accounts."""
    changes = built.account("hubspot", "hubspot:62515:77")
    assert [(None, None), ("Software", None), (None, "Hub Ltd")] == [
        (row["industry"], row["name"]) for row in changes
    ]
    (pull,) = built.account("hubspot_pulls", "hubspot:62515:77")
    assert ("hub.example", "Hub", "hubspot:62515:78") == (
        pull["domain_given"], pull["name"], pull["parent_given"],
    )  # fmt: skip


def test_meetings_and_mail_pulled_from_hubspot(built: Built) -> None:
    """Each state of a meeting counts once, and what machines open does not."""
    kinds = [(kind, outcome) for kind, outcome, _, _ in built.done("hubspot")]
    assert [
        ("meeting_booked", None),
        ("meeting_outcome", "no_show"),
        ("email_open", None),
        ("email_click", None),
        ("email_bounced", None),
        ("email_unsubscribed", None),
    ] == kinds


def test_parents_of_accounts(built: Built) -> None:
    """A parent is told by its domain or by the sender's id; ids name the source they are from."""
    assert ["holding.example", "webshop:a-1"] == sorted(
        row["parent_given"] for row in built.accounts["standard"]
    )
    salesforce_account = "salesforce:00D5g000004Ks9ZEAS:0015g00000ACCT{}AAA".format
    (child,) = built.account("salesforce", salesforce_account(2))
    assert (salesforce_account(1), "250", "Steel") == (
        child["parent_given"], child["employees_given"], child["industry"],
    )  # fmt: skip


def test_the_standard_vocabulary_has_every_activity(built: Built) -> None:
    """Each event is the activity of its name, with outcome and money."""
    money = (Decimal("9.99"), "EUR")
    assert [
        ("email_bounced", None, None, None),
        ("email_unsubscribed", None, None, None),
        ("meeting_outcome", "attended", None, None),
        ("subscription_started", None, *money),
        ("subscription_cancelled", None, None, None),
        ("payment_succeeded", None, *money),
        ("payment_failed", None, *money),
    ] == built.done("webshop")
    wim = next(row for row in built.contacts if row["birth_date"] == "1980-01-02")
    assert ("webshop:external:w-1", "Europe/Amsterdam", "1012") == (
        wim["record_id"], wim["timezone"], wim["postcode"],
    )  # fmt: skip


def test_the_latest_report_of_a_day_counts(built: Built) -> None:
    """A platform restates what a campaign cost on a day; arrival order does not matter."""
    day = date(2026, 10, 31)
    assert [
        ("google_ads", "g-1", day, Decimal("5.00"), "EUR", None, 7),
        ("meta_ads", "c-1", day, Decimal("12.34"), "EUR", 1000, 20),
    ] == [
        tuple(row[name] for name in ("platform", "campaign_id", "spend_day", "amount", "currency",
                                     "impressions", "clicks"))
        for row in built.spend
    ]  # fmt: skip
