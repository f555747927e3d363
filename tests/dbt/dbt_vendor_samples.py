"""Made-up events of every vendor: what each sends, what its API gives, and what is refused."""

from __future__ import annotations

from typing import Any

from dbt_builders import RawEvent, at, deal_property, iso
from dbt_vendor_events import flat, pulled, said, sent

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
    "standard:currency": said("payment_succeeded", at(1), key="r-4", **WHO, amount="9",
                              currency="qqq"),
    "standard:spend": said("ad_spend", at(1), key="r-5", date="2026-12-01", platform="x",
                           campaign_id="1", amount=1, currency="qqq"),
    "hubspot:currency": deal_property(77, "deal_currency_code", "<script>", at(1)),
}  # fmt: skip

EVERYTHING = flat([
    *SALESFORCE, NO_SUCH_STAGE, NO_TIME, *STRIPE, *CALENDLY, *SEGMENT, BAD_REVENUE, *META, TWO_DAYS,
    BY_AD, *INTERCOM, CONVERSATION, *HUBSPOT, DELIVERED, UNMAPPED, *STANDARD, *REFUSED.values(),
])  # fmt: skip
