"""HubSpot contacts: ids, conflicts and adoption, against the sandbox behind a real server."""

from __future__ import annotations

import httpx
import hubspot_lab
import pytest
from hubspot_lab import AUTH, drain, now, put, state

from reverse_etl.connectors import HubSpotSettings, MetaSettings
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import contact, conversion, task


def create(url, **properties):
    return hubspot_lab.create(url, "contacts", **properties)


def contacts(url):
    return {key: item["properties"] for key, item in hubspot_lab.objects(url, "contacts").items()}


@pytest.fixture
def hubspot(url):
    return HubSpotSettings(token="good", url=url)


def test_an_existing_contact_is_adopted(ledger, url, hubspot):
    """A contact that somebody else made with the same e-mail is updated, not copied."""
    theirs = create(url, email="LEAD1@example.com", jobtitle="CEO")
    put(ledger, contact(1), contact(2))
    assert drain(ledger, hubspot).delivered == 2
    found = contacts(url)
    assert len(found) == 2
    assert (found[theirs]["millrace_id"], found[theirs]["jobtitle"]) == ("person-1", "CEO")


def test_a_known_id_is_updated(ledger, url, hubspot):
    """A contact whose id its own events told us is updated by id, also with a new e-mail."""
    theirs = create(url, email="old@example.com")
    put(ledger, contact(1, external_id=theirs))
    assert drain(ledger, hubspot).delivered == 1
    assert contacts(url)[theirs]["email"] == "lead1@example.com"


def test_a_vanished_id_falls_through_to_upsert(ledger, url, hubspot):
    """When the contact with that id is gone, a new one is made."""
    put(ledger, contact(1, external_id="4711"), contact(2))
    assert drain(ledger, hubspot).delivered == 2
    assert len(contacts(url)) == 2


def test_a_deleted_contact_is_made_again(ledger, url, hubspot):
    """A contact deleted over there comes back with the next change."""
    put(ledger, contact(1))
    drain(ledger, hubspot)
    (old,) = contacts(url)
    httpx.delete(f"{url}/crm/v3/objects/contacts/{old}", headers=AUTH)
    put(ledger, contact(1, properties={"firstname": "Grace"}))
    assert drain(ledger, hubspot).delivered == 1
    assert [item["firstname"] for item in contacts(url).values()] == ["Grace"]


def test_one_email_twice_in_a_batch_spares_the_neighbours(ledger, url, hubspot):
    """Of two people with one e-mail the second is a dead letter; the others are delivered."""
    twin = contact(2, properties={"email": "lead1@example.com"})
    put(ledger, contact(1), twin, contact(3))
    report = drain(ledger, hubspot)
    assert (report.delivered, report.dead) == (2, 1)
    assert ledger.counts().dead_by_code == {"CONTACT_EMAIL_TAKEN": 1}
    assert len(contacts(url)) == 2


def test_a_renamed_person_keeps_its_contact(ledger, url, hubspot):
    """When a person's id changes, the contact of the id that is gone is taken over."""
    put(ledger, contact(1))
    drain(ledger, hubspot)
    put(ledger, contact(9, properties={"email": "lead1@example.com"}))
    assert drain(ledger, hubspot).delivered == 1
    assert [item["millrace_id"] for item in contacts(url).values()] == ["person-9"]


def test_bad_fields_are_found_by_bisecting(ledger, url, hubspot):
    """One invalid e-mail among many is a dead letter with HubSpot's category."""
    rows = [contact(n) for n in range(20)]
    rows[7] = contact(7, properties={"email": "nonsense"})
    put(ledger, *rows)
    report = drain(ledger, hubspot)
    assert (report.delivered, report.dead) == (19, 1)
    assert ledger.counts().dead_by_code == {"VALIDATION_ERROR": 1}


def test_custom_properties_are_made_once(ledger, url, hubspot):
    """Missing properties are created on first use and not asked for again."""
    put(ledger, *(contact(n, properties={"millrace_score": "7"}) for n in range(250)))
    assert drain(ledger, hubspot).delivered == 250
    asked = [r for r in state(url)["requests"] if "properties" in r["path"]]
    assert [r["method"] for r in asked].count("GET") == 1
    assert len(state(url)["requests"]) - len(asked) == 3


def test_search_is_never_asked(ledger, url, hubspot):
    """HubSpot's search lags behind, so it decides nothing."""
    create(url, email="lead1@example.com")
    put(ledger, contact(1))
    put(ledger, task(1))
    drain(ledger, hubspot)
    assert not any("search" in request["path"] for request in state(url)["requests"])


def test_a_task_is_tied_to_its_contact(ledger, url, hubspot):
    """The task's association names the contact that was made just before."""
    put(ledger, contact(1))
    put(ledger, task(1))
    assert drain(ledger, hubspot).delivered == 2
    (made,) = state(url)["objects"]["tasks"]
    (tie,) = made["associations"]
    assert tie["to"]["id"] in contacts(url)
    assert tie["types"][0]["associationTypeId"] == 204


def test_a_dated_api_version_is_a_setting(ledger, url):
    """From 2026-09 the paths differ and partial success is gone; deliveries work the same."""
    rows = [contact(n) for n in range(6)]
    rows[3] = contact(3, properties={"email": "nonsense"})
    put(ledger, *rows)
    report = drain(ledger, HubSpotSettings(token="good", url=url, api_version="2026-09"))
    assert (report.delivered, report.dead) == (5, 1)
    assert all("2026-09" in request["path"] for request in state(url)["requests"])


def test_the_request_budget_is_kept(ledger, url):
    """With a budget below HubSpot's limit there is no 429."""
    with serving(create_app(hubspot_limit=12)) as limited:
        put(ledger, *(contact(n) for n in range(600)))
        report = drain(ledger, HubSpotSettings(token="good", url=limited, requests_per_10s=12))
        statuses = {r["status"] for r in state(limited)["requests"]}
    assert report.delivered == 600
    assert 429 not in statuses


def test_meta_at_most_once(ledger, url):
    """With at_most_once a lost answer gives the event up instead of repeating it."""
    rule = {"vendor": "meta", "fault": "drop_after", "first": 1}
    httpx.post(f"{url}/_faults", json={"rules": [rule]}).raise_for_status()
    put(ledger, conversion(1, at=now()))
    settings = MetaSettings(token="good", dataset="123", url=url, at_most_once=True)
    assert drain(ledger, settings, wait=3).dead == 1
    assert ledger.counts().dead_by_code == {"UNKNOWN_OUTCOME": 1}
    assert len(httpx.get(f"{url}/_state/meta").json()["objects"]["events"]) == 1


def test_meta_preflight_keeps_bad_events_at_home(ledger, url):
    """A bad event is a dead letter with its own code; its neighbours arrive in one request."""
    bad = conversion(2, at=now(), user_data={"em": ["ada@example.com"]})
    put(ledger, conversion(1, at=now()), bad, conversion(3, at=now()))
    report = drain(ledger, MetaSettings(token="good", dataset="123", url=url))
    assert (report.delivered, report.dead) == (2, 1)
    assert ledger.counts().dead_by_code == {"META_NOT_HASHED": 1}
    assert len(httpx.get(f"{url}/_state/meta").json()["requests"]) == 1


def test_two_synced_people_who_turn_out_to_be_one_keep_being_updated(ledger, url, hubspot):
    """The survivor takes over the other's address, which HubSpot still has on a second contact:
    everything but the address is updated, neighbours too, and later changes still arrive."""
    put(ledger, contact(1), contact(2), contact(3))
    drain(ledger, hubspot)
    merged = {"email": "lead2@example.com", "firstname": "Grace"}
    put(ledger, contact(1, properties=merged), contact(3, properties={"firstname": "Edsger"}))
    assert drain(ledger, hubspot).delivered == 2

    put(ledger, contact(1, properties={**merged, "firstname": "Barbara"}), contact(3))
    assert drain(ledger, hubspot).dead == 0

    survivor = next(c for c in contacts(url).values() if c["millrace_id"] == "person-1")
    assert (survivor["firstname"], survivor["email"]) == ("Barbara", "lead1@example.com")
    codes = [attempt.code for attempt in ledger.attempts(ledger.find(person_id="person-1")[-1].id)]
    assert codes == ["CONTACT_EMAIL_KEPT"]
