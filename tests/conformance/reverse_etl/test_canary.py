"""A canary at HubSpot and the way back: what its objects were is written again."""

from __future__ import annotations

import httpx
import pytest
from hubspot_lab import create, drain, fault, now, objects, put, state

from reverse_etl.connectors import HubSpotSettings
from reverse_etl.testing import contact, task

ALL = {"share": 1.0, "who": "ada", "reason": "new model"}


@pytest.fixture
def hubspot(url):
    return HubSpotSettings(token="good", url=url)


def shown(url):
    """What HubSpot holds of each contact of ours, without its own dates."""
    return {
        item["properties"]["millrace_id"]: {
            name: value
            for name, value in item["properties"].items()
            if value and name not in ("hs_object_id", "createdate", "lastmodifieddate")
        }
        for item in objects(url, "contacts").values()
        if item["properties"].get("millrace_id")
    }


def test_the_way_back(ledger, url, hubspot):
    """Changed and added fields get what they had, what somebody wrote over there too; a contact
    that the canary made and a task that it sent stay, and are counted."""
    put(ledger, contact(1), contact(2))
    drain(ledger, hubspot)
    before = shown(url)

    ledger.canaries.start("hubspot", now=now(), **ALL)
    worse = {"firstname": "???", "jobtitle": "???"}
    put(ledger, *(contact(n, properties=worse) for n in (1, 2, 3)))
    put(ledger, task(1))
    drain(ledger, hubspot)
    assert {"???"} == {fields["firstname"] for fields in shown(url).values()}
    again = {"firstname": "!!!", "jobtitle": "!!!"}
    put(ledger, *(contact(n, properties=again) for n in (1, 2, 3)))
    drain(ledger, hubspot)

    told = ledger.canaries.roll_back("hubspot", who="ada", reason="nonsense", now=now())
    assert (2, 1, 1) == (told.restored, told.created, told.events)
    assert 2 == drain(ledger, hubspot).delivered
    assert before == {key: fields for key, fields in shown(url).items() if key in before}


def test_an_adopted_contact_counts_as_made(ledger, url, hubspot):
    """A contact that was there before us bears no key of ours, so what it was is not known: it
    counts as made."""
    create(url, "contacts", email="lead1@example.com", firstname="Theirs")
    ledger.canaries.start("hubspot", now=now(), **ALL)
    put(ledger, contact(1))
    drain(ledger, hubspot)
    told = ledger.canaries.roll_back("hubspot", who="ada", reason="", now=now())
    assert (0, 1) == (told.restored, told.created)


def test_nothing_is_written_that_could_not_be_looked_at(ledger, url, hubspot):
    """While HubSpot does not say what an object is, it is not changed."""
    put(ledger, contact(1))
    drain(ledger, hubspot)
    ledger.canaries.start("hubspot", now=now(), **ALL)
    put(ledger, contact(1, properties={"firstname": "Grace"}))
    fault(url, path="batch/read", fault="status_500")
    assert 0 == drain(ledger, hubspot).delivered
    assert {"Ada"} == {fields["firstname"] for fields in shown(url).values()}
    httpx.post(f"{url}/_faults", json={"rules": []}).raise_for_status()
    assert 1 == drain(ledger, hubspot, wait=5).delivered
    writes = [each for each in state(url)["requests"] if "upsert" in each["path"]]
    assert writes
