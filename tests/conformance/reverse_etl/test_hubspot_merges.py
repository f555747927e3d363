"""Merges of HubSpot contacts, against the sandbox behind a real server."""

from __future__ import annotations

import httpx
import pytest
from hubspot_lab import AUTH, QUICK, create, drain, fault, objects, put, state

from reverse_etl.connectors import HubSpotSettings
from reverse_etl.testing import contact, merge


@pytest.fixture
def hubspot(url):
    return HubSpotSettings(token="good", url=url)


def contacts(url, *names):
    """Their ids."""
    return [create(url, "contacts", email=f"{name}@example.com", city=name) for name in names]


def merge_by_hand(url, primary, other):
    body = {"primaryObjectId": primary, "objectIdToMerge": other}
    answer = httpx.post(f"{url}/crm/v3/objects/contacts/merge", json=body, headers=AUTH)
    return answer.raise_for_status().json()["id"]


def codes(ledger):
    (row,) = ledger.find(person_id="person-1")
    return [attempt.code for attempt in ledger.attempts(row.id)]


def merges_asked(url):
    paths = [request["path"] for request in state(url)["requests"]]
    return sum(path.endswith("contacts/merge") for path in paths)


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_two_contacts_become_one(ledger, url, version):
    """HubSpot holds one contact with the first one's values; the row knows its new id."""
    first, second = contacts(url, "first", "second")
    put(ledger, merge(1, first, second))
    hubspot = HubSpotSettings(token="good", url=url, api_version=version)
    assert drain(ledger, hubspot).delivered == 1
    ((made, held),) = objects(url, "contacts").items()
    assert held["properties"]["city"] == "first"
    (row,) = ledger.find(person_id="person-1")
    assert row.vendor_id == made
    assert all(version in r["path"] for r in state(url)["requests"] if "merge" in r["path"])


def test_a_merged_contact_is_updated_by_its_old_id(ledger, url, hubspot):
    """Until HubSpot's own event tells of the new id, the person's contact is found by the old."""
    first, second = contacts(url, "first", "second")
    put(ledger, contact(1, external_id=first))
    drain(ledger, hubspot)
    put(ledger, merge(1, first, second))
    drain(ledger, hubspot)
    put(ledger, contact(1, external_id=first, properties={"city": "Rome"}))
    assert drain(ledger, hubspot).delivered == 1
    (held,) = objects(url, "contacts").values()
    assert held["properties"]["city"] == "Rome"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("drop_before", ["NO_ANSWER", "WENT_MISSING", "DELIVERED"]),
        ("drop_after", ["NO_ANSWER", "DELIVERED"]),
        ("malformed", ["MALFORMED_ANSWER", "DELIVERED"]),
    ],
)
def test_a_lost_answer_is_read_back(ledger, url, hubspot, what, expected):
    """A merge that happened is not asked for again; one that did not is."""
    put(ledger, merge(1, *contacts(url, "first", "second")))
    fault(url, path="contacts/merge", fault=what, first=1)
    assert drain(ledger, hubspot, wait=5, policy=QUICK).delivered == 1
    assert codes(ledger) == expected
    assert len(objects(url, "contacts")) == 1
    assert merges_asked(url) == 1 + ("WENT_MISSING" in expected)


def test_what_was_merged_by_hand_counts_as_done(ledger, url, hubspot):
    """Somebody was faster: HubSpot refuses, and both ids lead to one contact."""
    first, second = contacts(url, "first", "second")
    put(ledger, merge(1, first, second))
    made = merge_by_hand(url, second, first)
    assert drain(ledger, hubspot).delivered == 1
    assert list(objects(url, "contacts")) == [made]


def test_a_third_contact_joins_the_merged_one(ledger, url, hubspot):
    """The row of the third contact still names the first one, which has another id by now."""
    first, second, third = contacts(url, "first", "second", "third")
    put(ledger, merge(1, first, second), merge(1, first, third))
    assert drain(ledger, hubspot, wait=5, policy=QUICK).delivered == 2
    (held,) = objects(url, "contacts").values()
    assert {first, second, third} <= set(held["properties"]["hs_merged_object_ids"].split(";"))


@pytest.mark.parametrize("gone", [0, 1])
def test_a_contact_gone_is_a_dead_letter(ledger, url, hubspot, gone):
    """Where one of the two was deleted there is nothing to merge, now and later."""
    pair = contacts(url, "first", "second")
    path = f"{url}/crm/v3/objects/contacts/{pair[gone]}"
    httpx.delete(path, headers=AUTH).raise_for_status()
    put(ledger, merge(1, *pair))
    assert drain(ledger, hubspot).dead == 1
    assert ledger.counts().dead_by_code == {"CONTACT_NOT_FOUND": 1}


def test_a_contact_gone_while_nobody_knew_is_a_dead_letter(ledger, url, hubspot):
    """Reading back finds one of the two deleted."""
    first, second = contacts(url, "first", "second")
    put(ledger, merge(1, first, second))
    fault(url, path="contacts/merge", fault="drop_before", first=1)
    drain(ledger, hubspot, wait=0.2)  # the reading back is due later
    assert ledger.counts().by_state["unknown"] == 1
    httpx.delete(f"{url}/crm/v3/objects/contacts/{second}", headers=AUTH).raise_for_status()
    assert drain(ledger, hubspot, wait=5, policy=QUICK).dead == 1
    assert codes(ledger) == ["NO_ANSWER", "CONTACT_NOT_FOUND"]
    assert merges_asked(url) == 1


def test_a_contact_that_joined_another_is_left_alone(ledger, url, hubspot):
    """A merge of the second contact with a third by hand is not extended to whom we do not know."""
    first, second, third = contacts(url, "first", "second", "third")
    merge_by_hand(url, third, second)
    put(ledger, merge(1, first, second))
    assert drain(ledger, hubspot).dead == 1
    assert ledger.counts().dead_by_code == {"VALIDATION_ERROR": 1}
    assert len(objects(url, "contacts")) == 2


def test_consent_withdrawn_stops_a_merge(ledger, url, hubspot):
    """A merge is a transfer about a person: without consent for the CRM it does not go out."""
    put(ledger, merge(1, *contacts(url, "first", "second"), consent_status="withdrawn"))
    assert drain(ledger, hubspot).delivered == 0
    assert len(objects(url, "contacts")) == 2
    assert ledger.counts().by_state["cancelled"] == 1
