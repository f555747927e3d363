"""Test personas: people with different stories, told as the webhooks their vendors would send.

All of them are made up. To add one, write a function that returns a Persona and list it in
`personas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from ingestion.sandbox.webhooks import (
    SignedWebhook,
    hubspot_association,
    hubspot_batch,
    hubspot_contact_change,
    hubspot_deal_change,
    sign_body,
    standard_event,
    typeform_answers,
    typeform_body,
    typeform_response,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Persona:
    """`webhooks` in the order of arrival; `story` says what happens and what must follow;
    `hubspot_contact`: the id of the contact that HubSpot has of them before."""

    name: str
    email: str
    story: str
    webhooks: tuple[SignedWebhook, ...]
    hubspot_contact: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and when the personas play: `now` is the time of sending, `url` that of the gateway."""

    secrets: Mapping[str, str]
    url: str
    now: datetime

    def typeform(
        self,
        who: str,
        at: datetime,
        *,
        hidden: Mapping[str, str] | None = None,
        form: str = "demo",
        **answers: object,
    ) -> SignedWebhook:
        return typeform_response(
            typeform_answers(**answers),
            at,
            event_id=f"{form}-{who}",
            secret=self.secrets["typeform"],
            hidden=hidden,
        )

    def standard(self, key: str, event_type: str, at: datetime, **data: object) -> SignedWebhook:
        return standard_event(
            event_type,
            data,
            at,
            event_id=key,
            secret=self.secrets["standard"],
            sent_at=self.now,
        )

    def won_deal(
        self, contact: int, deal: int, email: str, at: datetime, *, amount: str
    ) -> SignedWebhook:
        """HubSpot tells of a contact, a deal linked to it, its amount, and that it is won."""
        return hubspot_batch(
            [
                hubspot_contact_change(contact, "email", email, at, event_id=deal),
                hubspot_association(deal, contact, at, event_id=deal + 1),
                hubspot_deal_change(deal, "amount", amount, at, event_id=deal + 2),
                hubspot_deal_change(deal, "dealstage", "closedwon", at, event_id=deal + 3),
            ],
            secret=self.secrets["hubspot"],
            public_url=self.url,
            sent_at=self.now,
        )


def personas(stage: Stage) -> tuple[Persona, ...]:
    """Everybody, in the order in which they appear."""
    return (
        hot_lead(stage),
        duplicate_sender(stage),
        no_consent(stage),
        consenting_customer(stage),
        merged_pair(stage),
        late_event(stage),
        old_conversion(stage),
        changed_mind(stage),
        bad_payload(stage),
        forger(stage),
    )


def hot_lead(stage: Stage) -> Persona:
    phone = "+49 30 901844"
    return _asks_for_a_demo(stage, "Hanna", "Hot", "Brightforge", phone, stage.now - MINUTE)


def live_lead(stage: Stage) -> Persona:
    """Comes when all others have been worked off; not one of `personas`."""
    return _asks_for_a_demo(stage, "Livia", "Live", "Quickwater", "+49 30 901855", stage.now)


def _asks_for_a_demo(
    stage: Stage, first_name: str, last_name: str, company: str, phone: str, at: datetime
) -> Persona:
    email = f"{first_name}.{last_name}@{company}.io".lower()
    form = stage.typeform(
        first_name.lower(),
        at,
        hidden={"utm_source": "google", "utm_campaign": "demo-search"},
        email=email,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        company=company,
        job_title="VP Sales",
        country="DE",
        employees="250",
        budget="20000",
        interest="demo",
        consent_advertising=True,
    )
    story = "asks for a demo: contact and call task at once"
    return Persona(f"{first_name} {last_name}", email, story, (form,))


def duplicate_sender(stage: Stage) -> Persona:
    email = "dana.double@quietmill.net"
    form = stage.typeform(
        "dana", stage.now - 2 * MINUTE, email=email, first_name="Dana", last_name="Double"
    )
    return Persona(
        "Dana Double", email, "the vendor sends the form three times: one contact", (form,) * 3
    )


def no_consent(stage: Stage) -> Persona:
    email = "nora.no@plainfield.org"
    form = stage.typeform(
        "nora",
        stage.now - 3 * DAY,
        email=email,
        first_name="Nora",
        last_name="No",
        consent_advertising=False,
    )
    deal = stage.won_deal(710_001, 720_001, email, stage.now - HOUR, amount="1200")
    return Persona(
        "Nora No",
        email,
        "buys, but never agreed to ads: CRM yes, Meta no",
        (form, deal),
        hubspot_contact=710_001,
    )


def consenting_customer(stage: Stage) -> Persona:
    email = "carl.customer@ironbay.co.uk"
    form = stage.typeform(
        "carl",
        stage.now - 2 * DAY,
        hidden={"utm_source": "facebook"},
        email=email,
        phone="+44 20 7946 0958",
        first_name="Carl",
        last_name="Customer",
        country="GB",
        consent_advertising=True,
    )
    deal = stage.won_deal(710_011, 720_011, email, stage.now - HOUR, amount="4900.50")
    return Persona(
        "Carl Customer",
        email,
        "buys and agreed to ads: one Purchase at Meta",
        (form, deal),
        hubspot_contact=710_011,
    )


def merged_pair(stage: Stage) -> Persona:
    email = "mia.merge@gmail.com"
    shared: dict[str, Any] = {"phone": "+1 415 555 2671", "first_name": "Mia", "last_name": "Merge"}
    private = stage.typeform("mia-private", stage.now - 5 * HOUR, email=email, **shared)
    work = stage.typeform(
        "mia-work", stage.now - 4 * HOUR, email="m.merge@lakecounty.us", job_title="Buyer", **shared
    )
    return Persona(
        "Mia Merge", email, "two addresses, same phone and name: one person", (private, work)
    )


def late_event(stage: Stage) -> Persona:
    email = "lars.late@nordlicht.dev"
    form = stage.typeform(
        "lars",
        stage.now - HOUR,
        hidden={"utm_source": "newsletter"},
        email=email,
        first_name="Lars",
        last_name="Late",
    )
    visit = stage.standard(
        "visit-lars",
        "page_view",
        stage.now - 2 * DAY,
        email=email,
        utm_source="linkedin",
        page_url="https://example.com/pricing",
    )
    return Persona(
        "Lars Late", email, "his first visit arrives after his form: source linkedin", (form, visit)
    )


def old_conversion(stage: Stage) -> Persona:
    email = "olga.old@steadyworks.at"
    form = stage.typeform(
        "olga",
        stage.now - 40 * DAY,
        email=email,
        first_name="Olga",
        last_name="Old",
        consent_advertising=True,
    )
    deal = stage.won_deal(710_021, 720_021, email, stage.now - 9 * DAY, amount="800")
    return Persona(
        "Olga Old",
        email,
        "bought 9 days ago, Meta takes 7: expired, counted",
        (form, deal),
        hubspot_contact=710_021,
    )


def changed_mind(stage: Stage) -> Persona:
    email = "wim.withdrawn@polderdata.nl"
    form = stage.typeform(
        "wim",
        stage.now - 2 * DAY,
        email=email,
        first_name="Wim",
        last_name="Withdrawn",
        consent_advertising=True,
    )
    deal = stage.won_deal(710_031, 720_031, email, stage.now - 2 * HOUR, amount="300")
    withdrawal = stage.standard(
        "consent-wim",
        "consent_changed",
        stage.now - HOUR,
        email=email,
        purpose="advertising",
        status="withdrawn",
    )
    return Persona(
        "Wim Withdrawn",
        email,
        "agreed to ads, bought, withdrew: his sale does not go to Meta",
        (form, deal, withdrawal),
        hubspot_contact=710_031,
    )


def bad_payload(stage: Stage) -> Persona:
    email = "paul.payload@brokenpipe.example"
    whole = orjson.dumps(
        typeform_body(
            typeform_answers(email=email, first_name="Paul"), stage.now, event_id="demo-paul"
        )
    )
    secret = stage.secrets["typeform"]
    cut = sign_body("typeform", whole[: len(whole) // 2], secret=secret, sent_at=stage.now)
    nameless = stage.typeform("paul-nameless", stage.now, first_name="Paul")
    return Persona(
        "Paul Payload",
        email,
        "half a body, and a form without any contact: quarantined",
        (cut, nameless),
    )


def forger(stage: Stage) -> Persona:
    email = "fay.forged@example.com"
    secret = stage.secrets["typeform"]
    real = stage.typeform("fay", stage.now, email=email)
    forged = sign_body("typeform", real.body, secret=f"not-{secret}", sent_at=stage.now)
    return Persona("Fay Forged", email, "signed with a wrong secret: refused", (forged,))
