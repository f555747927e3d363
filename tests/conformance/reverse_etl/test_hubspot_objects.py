"""HubSpot companies, deals and notes, against the sandbox behind a real server."""

from __future__ import annotations

import httpx
import pytest
from hubspot_lab import AUTH, QUICK, create, drain, fault, objects, put, state

from reverse_etl.connectors import HubSpotSettings
from reverse_etl.ledger import Ledger
from reverse_etl.testing import company, contact, deal, note, task


@pytest.fixture
def hubspot(url):
    return HubSpotSettings(token="good", url=url)


def people_and_companies(ledger, hubspot, count=2):
    put(ledger, *(contact(n) for n in range(count)))
    put(ledger, *(company(n) for n in range(count)))
    assert drain(ledger, hubspot).delivered == 2 * count


def ties(url):
    """Deal key → number of the association → key of the other object."""
    keys = {
        found["id"]: found["properties"].get("millrace_id")
        or found["properties"].get("millrace_account_id")
        for kind in ("contacts", "companies")
        for found in objects(url, kind).values()
    }
    return {
        made["properties"]["millrace_deal_id"]: {
            kind["associationTypeId"]: keys[tie["to"]["id"]]
            for tie in made["associations"]
            for kind in tie["types"]
        }
        for made in objects(url, "deals").values()
    }


def test_a_known_company_is_updated(ledger, url, hubspot):
    """A company whose id HubSpot's own events told is updated by id and keeps what we do not
    send."""
    theirs = create(url, "companies", name="Old name", city="Berlin")
    put(ledger, company(1, external_id=theirs), company(2))
    assert drain(ledger, hubspot).delivered == 2
    found = objects(url, "companies")[theirs]["properties"]
    assert (found["name"], found["city"], found["millrace_account_id"]) == (
        "Company 1",
        "Berlin",
        "account-1",
    )


def test_the_company_with_our_key_wins_over_a_known_id(ledger, url, hubspot, tmp_path):
    """When another company bears the key already, that one is ours: no dead letter, no third."""
    put(ledger, company(1))
    drain(ledger, hubspot)
    theirs = create(url, "companies", name="Twin")
    with Ledger.open(f"sqlite:///{tmp_path}/second.db") as second:
        put(second, company(1, external_id=theirs, properties={"name": "Renamed"}), company(2))
        assert drain(second, hubspot).delivered == 2
    names = sorted(found["properties"]["name"] for found in objects(url, "companies").values())
    assert names == ["Company 2", "Renamed", "Twin"]


def test_a_company_gone_is_made_again(ledger, url, hubspot):
    """A company deleted over there comes back with the next change; its neighbour is updated."""
    put(ledger, company(1), company(2))
    drain(ledger, hubspot)
    gone = next(iter(objects(url, "companies")))
    httpx.delete(f"{url}/crm/v3/objects/companies/{gone}", headers=AUTH).raise_for_status()
    put(ledger, *(company(n, properties={"city": "Rome"}) for n in (1, 2)))
    assert drain(ledger, hubspot).delivered == 2
    cities = [found["properties"]["city"] for found in objects(url, "companies").values()]
    assert cities == ["Rome", "Rome"]


def test_a_bad_picklist_value_spares_the_neighbours(ledger, url, hubspot):
    """One company with an industry that HubSpot does not know is a dead letter."""
    put(ledger, company(1), company(2, properties={"industry": "Sorcery"}), company(3))
    report = drain(ledger, hubspot)
    assert (report.delivered, report.dead) == (2, 1)
    assert ledger.counts().dead_by_code == {"VALIDATION_ERROR": 1}


def test_a_deal_is_tied_to_its_contact_and_company(ledger, url, hubspot):
    """HubSpot holds the deal with both associations, the company as its primary one."""
    people_and_companies(ledger, hubspot)
    put(ledger, deal(0), deal(1))
    assert drain(ledger, hubspot).delivered == 2
    assert ties(url) == {
        "salesforce:0": {3: "person-0", 5: "account-0"},
        "salesforce:1": {3: "person-1", 5: "account-1"},
    }


def test_a_deal_without_a_company_waits_for_none(ledger, url, hubspot):
    """A deal refers to what it has: here its contact alone."""
    people_and_companies(ledger, hubspot)
    put(ledger, deal(0, refers_to={"contact": "person-0"}))
    assert drain(ledger, hubspot).delivered == 1
    assert ties(url) == {"salesforce:0": {3: "person-0"}}


def test_a_deal_waits_for_its_company(ledger, url, hubspot):
    """A deal whose company is not there yet stays queued; it goes out once the company is."""
    put(ledger, contact(0))
    drain(ledger, hubspot)
    put(ledger, deal(0))
    report = drain(ledger, hubspot, wait=0.2)
    assert (report.delivered, report.pending) == (0, 1)
    put(ledger, company(0))
    assert drain(ledger, hubspot, wait=5).delivered == 2
    assert ties(url) == {"salesforce:0": {3: "person-0", 5: "account-0"}}


@pytest.mark.parametrize("what", ["drop_before", "drop_after", "malformed", "status_503"])
@pytest.mark.parametrize("other", ["contacts", "companies"])
def test_a_lost_association_is_made_good(ledger, url, hubspot, what, other):
    """A deal whose association got lost on the way counts as delivered only when it is there, and
    is not copied for that."""
    people_and_companies(ledger, hubspot)
    put(ledger, deal(0), deal(1))
    fault(url, path=f"deals/{other}/batch/create", fault=what, first=1)
    assert drain(ledger, hubspot, wait=5, policy=QUICK).delivered == 2
    assert len(objects(url, "deals")) == 2
    assert ties(url)["salesforce:1"] == {3: "person-1", 5: "account-1"}


def test_reading_a_deal_back_looks_at_its_associations(ledger, url, hubspot):
    """A deal that arrived without its associations is sent again."""
    people_and_companies(ledger, hubspot)
    put(ledger, deal(0))
    fault(url, path="associations", fault="drop_before", first=1)
    drain(ledger, hubspot, wait=5, policy=QUICK)
    kinds = [a.code for a in ledger.attempts(ledger.find(person_id="person-0")[-1].id)]
    assert kinds == ["NO_ANSWER", "WENT_MISSING", "DELIVERED"]
    assert ties(url) == {"salesforce:0": {3: "person-0", 5: "account-0"}}


def test_an_association_with_a_deleted_contact_spares_the_neighbours(ledger, url, hubspot):
    """The deal of a contact that somebody deleted is a dead letter with HubSpot's category."""
    people_and_companies(ledger, hubspot)
    (gone,) = (
        key
        for key, found in objects(url, "contacts").items()
        if found["properties"]["millrace_id"] == "person-0"
    )
    httpx.delete(f"{url}/crm/v3/objects/contacts/{gone}", headers=AUTH).raise_for_status()
    put(ledger, deal(0), deal(1))
    report = drain(ledger, hubspot)
    assert (report.delivered, report.dead) == (1, 1)
    assert ledger.counts().dead_by_code == {"OBJECT_NOT_FOUND": 1}


def test_a_changed_deal_is_one_deal(ledger, url, hubspot):
    """A new stage is written to the same deal, and its associations are not doubled."""
    people_and_companies(ledger, hubspot)
    put(ledger, deal(0))
    drain(ledger, hubspot)
    put(ledger, deal(0, properties={"dealstage": "closedwon"}))
    assert drain(ledger, hubspot).delivered == 1
    (made,) = objects(url, "deals").values()
    assert made["properties"]["dealstage"] == "closedwon"
    assert [tie["types"] for tie in made["associations"]] == [
        [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]
        for number in (3, 5)
    ]


def test_deals_under_a_dated_version(ledger, url):
    """From 2026-09 the paths of objects and associations differ; deliveries work the same."""
    dated = HubSpotSettings(token="good", url=url, api_version="2026-09")
    people_and_companies(ledger, dated)
    put(ledger, deal(0))
    assert drain(ledger, dated).delivered == 1
    assert ties(url) == {"salesforce:0": {3: "person-0", 5: "account-0"}}
    assert all("2026-09" in request["path"] for request in state(url)["requests"])


def test_a_note_is_tied_to_its_contact(ledger, url, hubspot):
    """The note stands on its contact's timeline; the task with the same key is apart from it."""
    put(ledger, contact(1))
    put(ledger, note(1))
    put(ledger, task(1))
    assert drain(ledger, hubspot).delivered == 3
    (made,) = objects(url, "notes").values()
    (tie,) = made["associations"]
    assert tie["to"]["id"] in objects(url, "contacts")
    assert tie["types"][0]["associationTypeId"] == 202
    assert made["properties"]["hs_note_body"] == "Why this lead is hot"
    assert len(objects(url, "tasks")) == 1
