"""One log with many small stories, so that one build serves many assertions."""

from __future__ import annotations

from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    deal_property,
    deal_to_contact,
    hubspot,
    raw_event,
    standard,
    typeform,
)

HOT = typeform(
    "hot",
    at(1),
    email="Ada@Analytical.example",
    phone="+1 650 555 1212",
    first_name="Ada",
    last_name="Lovelace",
    company="Analytical Engines",
    job_title="VP Engineering",
    country="United States",
    employees=250,
    interest="demo",
    consent_advertising=True,
    hidden={
        "utm_source": "Paid_Search",
        "fbc": "fb.1.1.abc",
        "ga_client_id": "GA1.1.1234567890.1700000000",
        "client_ip_address": "192.0.2.1",
    },
)

SAME_PERSON = [
    typeform("same-1", at(2), email="grace@navy.example", phone="+49 30 901820", first_name="Grace",
             last_name="Hopper"),
    typeform("same-2", at(3), email="g.hopper@home.example", phone="030 901820", first_name="G",
             last_name="HOPPER", country="Germany"),
]  # fmt: skip

SHARED_PHONE = [
    typeform("family-1", at(2), email="anna@family.example", phone="+4930123456",
             first_name="Anna", last_name="Meyer"),
    typeform("family-2", at(3), email="bernd@family2.example", phone="+4930123456",
             first_name="Bernd", last_name="Meyer"),
    standard("phone-only", "ad_lead", at(4), phone="+4930123456"),
]  # fmt: skip

SAME_MAILBOX = [
    typeform("mailbox-1", at(2), email="kay.mcnulty@gmail.com", first_name="Kay"),
    standard("mailbox-2", "page_view", at(3), email="kaymcnulty+news@googlemail.com",
             utm_source="newsletter"),
]  # fmt: skip

WON_DEAL = [
    contact_property(501, "email", "betty@eniac.example", at(5)),
    contact_property(501, "firstname", "Betty", at(5)),
    contact_property(501, "hs_analytics_source", "DIRECT", at(5)),
    deal_property(901, "dealstage", "appointmentscheduled", at(6)),
    deal_property(901, "dealstage", "closedwon", at(8)),
    deal_property(901, "dealstage", "closedlost", at(9)),
    deal_property(901, "dealstage", "closedwon", at(10)),
    deal_property(901, "amount", "1250.50", at(8)),
    deal_property(901, "deal_currency_code", "eur", at(8)),
    deal_to_contact(901, 501, at(7)),
    standard("betty-consents", "consent_changed", at(7), email="betty@eniac.example",
             purpose="advertising", status="granted", lawful_basis="consent"),
]  # fmt: skip

DATED_DEAL = [
    contact_property(502, "email", "jean@eniac.example", at(5)),
    deal_property(902, "dealstage", "closedwon", at(20)),
    deal_property(902, "closedate", str(int(at(12).timestamp() * 1000)), at(20)),
    hubspot("object.associationChange", None, at(7), fromObjectTypeId="0-1", toObjectTypeId="0-3",
            fromObjectId=502, toObjectId=902, associationRemoved=False),
]  # fmt: skip

ORPHAN_DEAL = [deal_property(903, "dealstage", "closedwon", at(8))]

UNKNOWN_STAGE = deal_property(904, "dealstage", "sealed_with_a_kiss", at(8))

WITHDRAWN = [
    standard("w-1", "consent_changed", at(1), email="fran@eniac.example", purpose="advertising",
             status="granted"),
    standard("w-2", "consent_changed", at(2), email="fran@eniac.example", purpose="advertising",
             status="withdrawn"),
    typeform("w-3", at(3), email="marlyn@eniac.example", consent_advertising=False),
    contact_property(503, "email", "ruth@eniac.example", at(4)),
    hubspot("contact.privacyDeletion", 503, at(5)),
]  # fmt: skip

MERGED_IN_HUBSPOT = [
    contact_property(601, "email", "old@merge.example", at(4)),
    contact_property(602, "email", "new@merge.example", at(5)),
    hubspot("contact.merge", 602, at(6), primaryObjectId=602, mergedObjectIds=[601],
            newObjectId=603, numberOfPropertiesMoved=1),
]  # fmt: skip

LEAD_ID = "123456789012345"
SEEN_BY_META = [
    raw_event(
        "meta", f"lead:{LEAD_ID}", "lead.pulled",
        {"type": "lead.pulled", "object": {
            "id": LEAD_ID, "created_time": at(4).isoformat(), "form_id": "7",
            "field_data": [{"name": "email", "values": ["kathleen@lead.example"]}],
        }},
        at(4), kind="pull",
    ),
    standard("site-form", "form_submit", at(5), email="frances@site.example",
             page_url="https://www.example.com/demo", client_user_agent="Mozilla/5.0",
             pixel_event_id="pixel-1"),
]  # fmt: skip

DAMAGED_THEN_INTACT = [
    raw_event("typeform", "flaky", None, "not json at all", at(3)).quarantined("BODY_NOT_JSON"),
    typeform("flaky", at(3), email="intact@flaky.example").as_variant(),
]

TWO_VARIANTS = [
    typeform("twice", at(4), email="second@twice.example"),
    typeform("twice", at(3), email="first@twice.example").as_variant(),
]

REPLAYED = [
    typeform("again", at(3), email="again@replay.example"),
    typeform("again", at(3), email="again@replay.example").under_key("replay:r1:again"),
    typeform("only", at(3), email="only@replay.example").under_key("replay:r1:only"),
]

REFUSED = {
    "IDENTIFIER_MISSING": typeform("nobody", at(3), first_name="Nobody"),
    "EMAIL_INVALID": standard("bad-mail", "form_submit", at(3), email="not an address"),
    "PICKLIST_UNKNOWN": standard("bad-purpose", "consent_changed", at(3), email="x@y.example",
                                 purpose="astrology", status="granted"),
    "TIMESTAMP_INVALID": typeform("tomorrow", at(80), email="late@time.example",
                                  received_at=at(3)),
    "FIELD_FORMAT": deal_property(905, "amount", "a lot", at(3)),
    "FIELD_MISSING": typeform("contract", at(3), email="contract@x.example")
    .quarantined("FIELD_MISSING"),
}  # fmt: skip

ANCIENT = standard("ancient", "page_view", at(-24 * 365 * 40), email="old@time.example")
UNREADABLE_TIME = raw_event(
    "standard", "no-time", "page_view",
    {"type": "page_view", "timestamp": "soon", "data": {"email": "soon@time.example"}}, at(3),
)  # fmt: skip
UNKNOWN_TYPES = [
    raw_event("hubspot", "company", "company.creation", {"objectId": 1}, at(3)).quarantined(
        "EVENT_TYPE_UNKNOWN"
    ),
    raw_event("standard", "odd", "odd_type", {}, at(3)).quarantined("EVENT_TYPE_UNKNOWN"),
]

LONG_NAME = "🚀" * 250_000
HALF_A_PAIR = raw_event(
    "standard", "surrogate", "page_view",
    '{"type":"page_view","timestamp":"2026-11-01T09:00:00Z","data":{"email":"\\ud83d@x.example"}}',
    at(3),
)  # fmt: skip
ODD_TEXT = [
    HALF_A_PAIR,
    typeform("nul", at(3), email="nul@text.example", first_name="a\x00b"),
    typeform("emoji", at(3), email="emoji@text.example", first_name="Zoë 🎉", last_name="\"O'B\\"),
    typeform("megabyte", at(3), email="long@text.example", first_name=LONG_NAME),
]


def every_event() -> list[RawEvent]:
    groups = [
        SAME_PERSON, SHARED_PHONE, SAME_MAILBOX, WON_DEAL, DATED_DEAL, ORPHAN_DEAL, WITHDRAWN,
        MERGED_IN_HUBSPOT, SEEN_BY_META, DAMAGED_THEN_INTACT, TWO_VARIANTS, REPLAYED, UNKNOWN_TYPES,
        ODD_TEXT,
    ]  # fmt: skip
    single = [HOT, UNKNOWN_STAGE, ANCIENT, UNREADABLE_TIME, *REFUSED.values()]
    return [*single, *(event for group in groups for event in group)]
