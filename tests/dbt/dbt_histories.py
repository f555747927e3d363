"""Random histories of a few dozen people, who share what people share."""

from __future__ import annotations

import random
from dataclasses import replace

from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    contact_synced,
    deal_property,
    deal_to_contact,
    hubspot,
    standard,
    typeform,
)

EMAILS = [f"person{number}@company{number % 7}.example" for number in range(40)]
ROLE = "info@company1.example"
PHONES = [f"+1650555{number:04d}" for number in range(12)]
NAMES = [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Kay", "McNulty"), ("Jean", "Bartik")]


def history(seed: int, count: int) -> list[RawEvent]:
    """Events in the order of their arrival, which is not that in which they occurred."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, no secret
    events = [_event(chance, number) for number in range(count)]
    copies = [_copy(chance, event) for event in chance.sample(events, count // 12) if event.body]
    events += copies
    chance.shuffle(events)
    return events


def _event(chance: random.Random, number: int) -> RawEvent:
    when = at(chance.randrange(0, 400) + number / 1000)
    email = chance.choice([*EMAILS, ROLE])
    contact, deal = chance.randrange(500, 515), chance.randrange(900, 912)
    first, last = chance.choice(NAMES)
    kind = chance.choice(
        ["form", "form", "visit", "visit", "visit", "click", "known", "contact", "contact", "deal",
         "deal", "associated", "removed", "merged", "deleted", "consent", "linked", "unlinked",
         "synced", "account", "bad", "spend", "meeting", "payment"]
    )  # fmt: skip
    key = f"{kind}-{number}"
    match kind:
        case "form":
            hidden = {"utm_source": chance.choice(["google", "linkedin"])}
            phone = {"phone": chance.choice(PHONES)} if chance.random() < 0.5 else {}
            told = {"first_name": first, "last_name": last, "job_title": "VP Sales", **phone}
            return typeform(key, when, email=email, hidden=hidden, employees=300, interest="demo",
                            consent_advertising=chance.random() < 0.7, **told)  # fmt: skip
        case "visit":
            visitor = f"v{chance.randrange(20)}"
            return standard(key, "page_view", when, anonymous_id=visitor, page_url="/pricing",
                            utm_source="google", utm_medium="cpc")  # fmt: skip
        case "known":
            return standard(key, "form_submit", when, anonymous_id=f"v{chance.randrange(20)}",
                            email=email, user_id=f"u{chance.randrange(25)}")  # fmt: skip
        case "contact":
            name, value = chance.choice(
                [("email", email), ("firstname", first), ("lastname", last), ("phone", PHONES[0])]
            )
            return contact_property(contact, name, value, when)
        case "deal":
            name, value = chance.choice(
                [("dealstage", "closedwon"), ("dealstage", "closedlost"), ("amount", "1200"),
                 ("dealstage", "appointmentscheduled")]
            )  # fmt: skip
            return deal_property(deal, name, value, when)
        case "associated" | "removed":
            return deal_to_contact(deal, contact, when, removed=kind == "removed")
        case "merged":
            other = chance.randrange(500, 515)
            return hubspot("contact.merge", contact, when, primaryObjectId=contact,
                           mergedObjectIds=[other], newObjectId=contact)  # fmt: skip
        case "deleted":
            return hubspot("contact.deletion", contact, when)
        case "consent":
            return standard(key, "consent_changed", when, email=email, purpose="advertising",
                            status=chance.choice(["granted", "withdrawn"]))  # fmt: skip
        case "linked" | "unlinked":
            return standard(key, f"identity_{kind}", when, email=email, reason="test", by="ann",
                            other_email=chance.choice(EMAILS))  # fmt: skip
        case "synced":
            return contact_synced(f"p_{number}", str(contact), when)
        case "account":
            return standard(key, "account_updated", when, name="Company",
                            domain=f"company{chance.randrange(7)}.example", employees=500)  # fmt: skip
        case "bad":
            return standard(key, "form_submit", when, email="no address")
        case "spend":
            return standard(key, "ad_spend", when, date="2026-11-02", platform="google",
                            account="a", campaign_id="c1", amount="10", currency="USD",
                            impressions=1, clicks=1)  # fmt: skip
        case "meeting":
            return standard(key, "meeting_booked", when, email=email)
        case "payment":
            return standard(key, "payment_succeeded", when, email=email, amount="12.50",
                            currency="USD")  # fmt: skip
    return standard(key, "email_click", when, email=email)


def _copy(chance: random.Random, event: RawEvent) -> RawEvent:
    """A replay, or a second body under a key that is taken."""
    if chance.random() < 0.5:
        return event.under_key(f"replay:r{chance.randrange(3)}:{event.event_key}")
    body = (event.body or "").replace("Ada", "Ida")
    return replace(event, body=body, body_hash=event.body_hash[::-1]).as_variant()
