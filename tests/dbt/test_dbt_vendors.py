"""What the models make of every vendor, from the request to the canonical schema."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from dbt_builders import RawEvent
from dbt_vendor_events import flat
from dbt_vendor_samples import (
    BAD_REVENUE,
    BY_AD,
    CONVERSATION,
    DELIVERED,
    EVERYTHING,
    NO_SUCH_STAGE,
    NO_TIME,
    REFUSED,
    TWO_DAYS,
    UNMAPPED,
)
from dbt_warehouse import Row, Warehouse


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
        self.activations = {
            table: warehouse.rows(f"activation.act_salesforce__{table}")
            for table in ("leads", "contacts", "accounts", "tasks")
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
        "standard:currency": (quarantined, "PICKLIST_UNKNOWN", "/data/currency"),
        "standard:spend": (quarantined, "PICKLIST_UNKNOWN", "/data/currency"),
        "hubspot:currency": (quarantined, "PICKLIST_UNKNOWN", "/propertyValue"),
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


def test_salesforce_gets_people_and_companies_as_it_knows_them(built: Built) -> None:
    """Contacts and leads that Salesforce told of go back by their ids, nobody goes as both, and
    of its own accounts nothing does."""
    contacts = {row["external_id"]: row for row in built.activations["contacts"]}
    leads = {row["entity_key"]: row["external_id"] for row in built.activations["leads"]}
    assert built.people["connie@forge.example"]["person_id"] in {
        row["person_id"] for row in contacts.values()
    }
    assert {"003"} == {external_id[:3] for external_id in contacts}
    assert leads[built.people["lea@forge.example"]["person_id"]] == "00Q5g00000LEAD1EAP"
    assert not leads.keys() & {row["entity_key"] for row in contacts.values()}
    names = {
        json.loads(row["payload"])["fields"].get("Name") for row in built.activations["accounts"]
    }
    assert names
    assert not names & {"Forge Holding", "Forge"}
    assert all(row["correlation_id"] for row in built.activations["accounts"])


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
