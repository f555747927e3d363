"""What is wanted of HubSpot and Meta, from a log of all sources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dbt_builders import (
    RawEvent,
    at,
    contact_property,
    contact_synced,
    hubspot,
    raw_event,
    standard,
    typeform,
)
from dbt_vendor_events import flat, sent
from dbt_vendor_samples import hubspot_pull
from dbt_warehouse import Warehouse

from ingestion.sandbox.pulls import hubspot_record

LEAD_ID = "123456789012345"
PAGE = "https://www.example.com/demo"


def lead_ad(lead_id: str, hours: float, **answers: str) -> RawEvent:
    """A lead as the pull reads it."""
    content = {
        "id": lead_id,
        "created_time": at(hours).isoformat(),
        "form_id": "7",
        "field_data": [{"name": name, "values": [value]} for name, value in answers.items()],
    }
    body = {"type": "lead.pulled", "object": content}
    return raw_event("meta", f"lead:{lead_id}", "lead.pulled", body, at(hours), kind="pull")


def consent(email: str, hours: float, status: str = "granted") -> RawEvent:
    return standard(
        f"consent-{email}-{hours}", "consent_changed", at(hours), email=email,
        purpose="advertising", status=status,
    )  # fmt: skip


def deal(key: str, stage: str, hours: float, **more: Any) -> RawEvent:
    return standard(
        f"{key}-{stage}", "opportunity_changed", at(hours), source="crm", opportunity_id=key,
        stage=stage, **more,
    )  # fmt: skip


def track(message_id: str, hours: float, **context: Any) -> list[RawEvent]:
    call = {
        "type": "track", "event": "Form Submitted", "messageId": message_id, "userId": "u1",
        "timestamp": at(hours).isoformat(), "context": context,
    }  # fmt: skip
    return sent("segment", {"batch": [call]}, at(hours))


def hot(key: str, email: str, hours: float) -> RawEvent:
    return typeform(
        key, at(hours), email=email, company="Analytical Engines", job_title="VP Engineering",
        employees=250, interest="demo",
    )  # fmt: skip


EVENTS = flat([
    lead_ad(LEAD_ID, 1, email="ada@engines-example.com", full_name="Ada Lovelace"),
    lead_ad("123", 1, email="short@lead.example"),
    consent("ada@engines-example.com", 1),
    hot("ada-form", "ada@engines-example.com", 2),
    deal("d1", "qualified", 3, email="ada@engines-example.com", amount="1250.50", currency="eur"),
    deal("d1", "won", 4, email="ada@engines-example.com"),
    standard("account", "account_updated", at(2), source="crm", domain="engines-example.com",
             name="Analytical Engines", employees=250),
    standard("form", "form_submit", at(5), source="site", email="grace@navy.example",
             page_url=PAGE, client_user_agent="Mozilla/5.0", fbp="fb.1.2.3",
             pixel_event_id="pixel-1", country="DE"),
    standard("bare", "form_submit", at(5), source="site", email="grace@navy.example",
             page_url=PAGE, client_user_agent="Mozilla/5.0"),
    consent("grace@navy.example", 5),
    *track("m-1", 6, userAgent="Mozilla/5.0", page={"url": PAGE},
           traits={"email": "jean@eniac.example"}),
    *track("m-2", 6, page={"url": PAGE}),
    standard("old", "form_submit", at(5), source="site", email="old@navy.example",
             page_url=PAGE, client_user_agent="Mozilla/5.0", pixel_event_id="pixel-2").backfilled(),
])  # fmt: skip


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Warehouse:
    warehouse.build(EVENTS)
    return warehouse


def payloads(warehouse: Warehouse, table: str) -> dict[str, dict[str, Any]]:
    rows = warehouse.rows(f"activation.act_{table}")
    return {row["entity_key"]: json.loads(row["payload"]) for row in rows}


def test_every_stage_of_a_lead_is_told_once(built: Warehouse) -> None:
    """From the lead to the won deal, in order, later than the lead itself, under Meta's id of it;
    a lead whose id Meta would refuse is left out."""
    told = payloads(built, "meta__lead_events")
    assert list(told) == [f"meta_lead:{LEAD_ID}:{s}" for s in ("lead", "mql", "opportunity", "won")]
    events = sorted(told.values(), key=lambda event: event["event_time"])
    assert [event["event_name"] for event in events] == [
        "Initial Lead",
        "Marketing Qualified Lead",
        "Sales Opportunity",
        "Converted",
    ]
    assert events[0]["event_time"] == int(at(1).timestamp()) + 1
    assert {event["user_data"]["lead_id"] for event in events} == {int(LEAD_ID)}
    assert len({event["event_id"] for event in events}) == 4


def test_the_value_of_a_deal_is_told_once(built: Warehouse) -> None:
    """A won deal is one purchase with its value; the stage of its lead is no purchase and has
    none; a purchase is no website event either."""
    (purchase,) = payloads(built, "meta__conversions").values()
    assert (purchase["event_name"], purchase["custom_data"]["value"]) == ("Purchase", 1250.5)
    others = [
        *payloads(built, "meta__lead_events").values(),
        *payloads(built, "meta__website_events").values(),
    ]
    assert not [event for event in others if event["event_name"] == "Purchase"]
    assert not [event for event in others if "value" in event.get("custom_data", {})]


def test_website_events_share_their_id_with_the_pixel(built: Warehouse) -> None:
    """Only forms that the pixel told of too, with page and browser; backfilled ones never."""
    told = payloads(built, "meta__website_events")
    assert sorted(event["event_id"] for event in told.values()) == ["m-1", "pixel-1"]
    event = told["site:form"]
    assert (event["event_name"], event["action_source"]) == ("Lead", "website")
    assert event["event_source_url"] == PAGE
    assert event["user_data"]["client_user_agent"] == "Mozilla/5.0"
    assert event["user_data"]["fbp"] == "fb.1.2.3"
    assert "data_processing_options" not in event


def test_website_events_need_consent(built: Warehouse) -> None:
    """Who never consented to advertising has a row that is not sent."""
    rows = built.rows("activation.act_meta__website_events")
    assert {row["entity_key"]: row["consent_status"] for row in rows} == {
        "segment:m-1": "missing",
        "site:form": "granted",
    }


def test_match_keys_are_counted(built: Warehouse) -> None:
    """Shares are of the events that may be sent, by event name."""
    told = {row["event_name"]: row for row in built.rows("marts.rpt_meta_match_keys")}
    assert set(told) == {
        "Lead", "Purchase", "Initial Lead", "Marketing Qualified Lead", "Sales Opportunity",
        "Converted",
    }  # fmt: skip
    lead, stage = told["Lead"], told["Converted"]
    assert (lead["events"], lead["em_percent"], lead["lead_id_percent"]) == (1, 100, 0)
    assert (lead["fbp_percent"], lead["ip_ua_percent"], lead["keys_per_event"]) == (100, 0, 3)
    assert (stage["lead_id_percent"], stage["fn_ln_percent"], stage["keys_per_event"]) == (
        100, 100, 4,
    )  # fmt: skip


def test_a_deal_names_contact_and_company(built: Warehouse) -> None:
    """A deal of the typed API is wanted in HubSpot with the person and the company it is of."""
    (told,) = payloads(built, "hubspot__deals").values()
    ((account, company),) = payloads(built, "hubspot__companies").items()
    assert told["refers_to"]["company"] == account
    assert told["properties"]["dealstage"] == "closedwon"
    assert company["properties"]["name"] == "Analytical Engines"
    people = {row["person_id"]: row["email"] for row in built.rows("marts.dim_people")}
    assert people[told["refers_to"]["contact"]] == "ada@engines-example.com"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "limited"),
    [("us", {"m-1"}), ("all", {"m-1", "pixel-1"})],
)
def test_the_use_of_data_can_be_limited(
    warehouse: Warehouse, chosen: str, limited: set[str]
) -> None:
    """For people of the United States or of an unknown country, or for everybody."""
    warehouse.build(EVENTS, variables=f"{{meta_limited_data_use: '{chosen}'}}")
    told = payloads(warehouse, "meta__website_events").values()
    found = {e["event_id"] for e in told if e.get("data_processing_options") == ["LDU"]}
    assert found == limited
    assert all(e["data_processing_options_state"] == 0 for e in told if e["event_id"] in found)


def twins(contact: int, email: str, hours: float) -> list[RawEvent]:
    """One of the contacts that HubSpot holds of Ada: phone and name are hers."""
    told = {"email": email, "phone": "+493090182055", "firstname": "Ada", "lastname": "King"}
    return [contact_property(contact, name, value, at(hours)) for name, value in told.items()]


TWINS = [*twins(71, "ada@king.example", 1), *twins(72, "a.king@home.example", 2)]
ALONE = contact_property(73, "email", "alone@king.example", at(2))
MERGED = hubspot(
    "contact.merge", 71, at(9), primaryObjectId=71, mergedObjectIds=[72], newObjectId=74
)
PULLED = hubspot_pull("contact", hubspot_record(71, {"hs_merged_object_ids": "68;72"}, at(9)), 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "more", "expected"),
    [
        ("false", (), []),
        ("true", (), ["71:72"]),
        ("true", (contact_property(75, "email", "other@king.example", at(3)),), ["71:72"]),
        ("true", (MERGED,), []),
        ("true", (PULLED,), []),
        ("true", (hubspot("contact.deletion", 72, at(9)),), []),
    ],
    ids=["off", "on", "others stay apart", "merged over there", "pulled as one", "deleted there"],
)
def test_contacts_of_one_person_are_merged_where_it_is_wanted(
    warehouse: Warehouse, wanted: str, more: tuple[RawEvent, ...], expected: list[str]
) -> None:
    """Into the contact that we write to, until HubSpot says that it holds them as one."""
    variables = f"{{hubspot_merge_contacts: {wanted}}}"
    warehouse.build([*TWINS, ALONE, *more], variables=variables)
    assert list(payloads(warehouse, "hubspot__merges")) == expected


def test_the_contact_that_we_wrote_first_wins(warehouse: Warehouse) -> None:
    """HubSpot's answer to our own sync says which contact is the person's."""
    warehouse.build([*TWINS, ALONE])
    (person_id,) = {
        row["person_id"] for row in warehouse.rows("marts.dim_people") if row["last_name"] == "King"
    }
    log = [*TWINS, ALONE, contact_synced(person_id, "72", at(5))]
    warehouse.build(log, variables="{hubspot_merge_contacts: true}")
    (payload,) = payloads(warehouse, "hubspot__merges").values()
    assert payload == {"primaryObjectId": "72", "objectIdToMerge": "71"}
