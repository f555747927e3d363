"""Random histories of a few dozen people, who share what people share."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    contact_synced,
    deal_property,
    deal_to_contact,
    hubspot,
    person_enriched,
    standard,
    typeform,
)

EMAILS = [
    *(f"person{number}@company{number % 7}.example" for number in range(40)),
    *(f"person{number}@company{number % 7}.com" for number in range(40, 50)),
]
ROLE = "info@company1.example"
PHONES = [f"+1650555{number:04d}" for number in range(12)]
NAMES = [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Kay", "McNulty"), ("Jean", "Bartik")]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one event is made of."""

    key: str
    when: datetime
    email: str
    other_email: str
    visitor: str
    user: str
    phone: str
    name: tuple[str, str]
    contact: int
    other_contact: int
    deal: int
    domain: str
    number: int

    def said(self, event_type: str, **data: Any) -> RawEvent:
        return standard(f"{event_type}-{self.key}", event_type, self.when, **data)


def _form(draw: Draw) -> RawEvent:
    first, last = draw.name
    phone = {"phone": draw.phone} if draw.number % 2 else {}
    return typeform(
        f"form-{draw.key}",
        draw.when,
        email=draw.email,
        hidden={"utm_source": "google" if draw.number % 3 else "linkedin"},
        first_name=first,
        last_name=last,
        job_title="VP Sales",
        employees=300,
        interest="demo",
        consent_advertising=draw.number % 4 > 0,
        **phone,
    )


def _contact(draw: Draw) -> RawEvent:
    told = [("email", draw.email), ("firstname", draw.name[0]), ("lastname", draw.name[1]),
            ("phone", draw.phone)]  # fmt: skip
    return contact_property(draw.contact, *told[draw.number % 4], draw.when)


def _deal(draw: Draw) -> RawEvent:
    told = [("dealstage", "closedwon"), ("dealstage", "closedlost"), ("amount", "1200"),
            ("dealstage", "appointmentscheduled")]  # fmt: skip
    return deal_property(draw.deal, *told[draw.number % 4], draw.when)


def _merge(draw: Draw) -> RawEvent:
    return hubspot(
        "contact.merge",
        draw.contact,
        draw.when,
        primaryObjectId=draw.contact,
        mergedObjectIds=[draw.other_contact],
        newObjectId=draw.contact,
    )


def _spend(draw: Draw) -> RawEvent:
    return draw.said(
        "ad_spend", date="2026-11-02", platform="google", account="a", campaign_id="c1",
        amount=str(draw.number), currency="USD", impressions=1, clicks=1,
    )  # fmt: skip


def _enrichment(draw: Draw) -> RawEvent:
    """An answer about a record that is there, or is not, with or without a match."""
    hashed = hashlib.sha256(draw.email.encode()).hexdigest()
    kept = {"email_sha256": hashed, "record_id": f"standard:email:{draw.email}"}
    asked = {
        "person_id": f"p_{draw.key}",
        "entity_key": f"p_{draw.key}:{hashed}",
        "payload": json.dumps({"keeps": kept}),
    }
    known = {"job_title": "VP Sales", "employees": "300", "country": "Germany", "phone": draw.phone}
    return person_enriched(asked, draw.when, **(known if draw.number % 4 else {}))


MAKERS: list[Callable[[Draw], RawEvent]] = [
    _form,
    _form,
    _contact,
    _contact,
    _deal,
    _deal,
    _merge,
    _spend,
    lambda d: d.said("page_view", anonymous_id=d.visitor, page_url="/p", utm_source="google"),
    lambda d: d.said("page_view", anonymous_id=d.visitor, page_url="/p", utm_medium="cpc"),
    lambda d: d.said("form_submit", anonymous_id=d.visitor, email=d.email, user_id=d.user),
    lambda d: d.said("email_click", email=d.email),
    lambda d: d.said("meeting_booked", email=d.email),
    lambda d: d.said("payment_succeeded", email=d.email, amount="12.50", currency="USD"),
    lambda d: d.said("form_submit", email="no address"),
    lambda d: d.said("account_updated", domain=d.domain, name="Company", employees=500),
    lambda d: d.said("consent_changed", email=d.email, purpose="advertising", status="granted"),
    lambda d: d.said("consent_changed", email=d.email, purpose="advertising", status="withdrawn"),
    lambda d: d.said("identity_linked", email=d.email, other_email=d.other_email, by="ann"),
    lambda d: d.said("identity_unlinked", email=d.email, other_email=d.other_email, by="ann"),
    lambda d: deal_to_contact(d.deal, d.contact, d.when, removed=d.number % 3 == 0),
    lambda d: deal_to_contact(d.deal, d.contact, d.when),
    lambda d: hubspot("contact.deletion", d.contact, d.when),
    lambda d: contact_synced(f"p_{d.key}", str(d.contact), d.when),
    _enrichment,
]


def history(seed: int, count: int) -> list[RawEvent]:
    """Events in the order of their arrival, which is not that in which they occurred."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, no secret
    events = [chance.choice(MAKERS)(_draw(chance, number)) for number in range(count)]
    events += [_copy(chance, event) for event in chance.sample(events, count // 50)]
    chance.shuffle(events)
    return events


def _draw(chance: random.Random, number: int) -> Draw:
    return Draw(
        key=str(number),
        when=at(chance.randrange(0, 400) + number / 1000),
        email=chance.choice([*EMAILS, ROLE]),
        other_email=chance.choice(EMAILS),
        visitor=f"v{chance.randrange(20)}",
        user=f"u{chance.randrange(25)}",
        phone=chance.choice(PHONES),
        name=chance.choice(NAMES),
        contact=chance.randrange(500, 515),
        other_contact=chance.randrange(500, 515),
        deal=chance.randrange(900, 912),
        domain=f"company{chance.randrange(7)}.example",
        number=chance.randrange(100),
    )


def _copy(chance: random.Random, event: RawEvent) -> RawEvent:
    """A replay, or a second body under a key that is taken."""
    if chance.random() < 0.5:
        return event.under_key(f"replay:r{chance.randrange(3)}:{event.event_key}")
    body = (event.body or "").replace("Ada", "Ida")
    return replace(event, body=body, body_hash=event.body_hash[::-1]).as_variant()
