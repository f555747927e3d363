"""Looking at what HubSpot holds, and repairing what somebody changed over there."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hubspot_lab import AUTH, drain, now, objects, put

from reverse_etl.connectors import HubSpotSettings, MetaSettings, Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.errors import CallFailedError
from reverse_etl.testing import contact, seeded


@pytest.fixture
def hubspot(url):
    return HubSpotSettings(token="good", url=url)


def look(ledger, settings, rows, name="hubspot"):
    async def run():
        async with http_client() as client:
            connectors = connect([settings], Outside(client))
            dispatcher = Dispatcher(ledger, connectors, clock=now, rng=seeded())
            try:
                looking = dispatcher.looking(name)
                return await looking.differences(rows) if looking else None
            finally:
                dispatcher.close()

    return asyncio.run(run())


def by_key(url):
    return {
        item["properties"]["millrace_id"]: number
        for number, item in objects(url, "contacts").items()
    }


def change(url, number, **properties):
    place = f"{url}/crm/v3/objects/contacts/{number}"
    httpx.patch(place, json={"properties": properties}, headers=AUTH).raise_for_status()


def test_what_was_delivered_is_the_same(ledger, url, hubspot):
    """Right after a delivery nothing differs, over more objects than one request takes."""
    rows = [contact(number) for number in range(130)]
    put(ledger, *rows)
    drain(ledger, hubspot)
    assert {"same"} == {each.verdict for each in look(ledger, hubspot, rows)}


def test_what_somebody_changed_is_named(ledger, url, hubspot):
    """Drift, a deleted object, a change that waits and one that was never sent; the worst first."""
    rows = [contact(number) for number in range(4)]
    put(ledger, *rows)
    drain(ledger, hubspot)
    ids = by_key(url)
    change(url, ids["person-1"], firstname="Grace")
    httpx.delete(f"{url}/crm/v3/objects/contacts/{ids['person-2']}", headers=AUTH)
    wanted = [*rows[:3], contact(3, properties={"firstname": "Edith"}), contact(4)]
    told = look(ledger, hubspot, wanted)
    assert [
        ("person-2", "missing"),
        ("person-1", "drifted"),
        ("person-3", "waiting"),
        ("person-4", "not there yet"),
        ("person-0", "same"),
    ] == [(each.entity_key, each.verdict) for each in told]
    (field,) = told[1].fields
    assert ("firstname", "Ada", "Ada", "Grace") == (
        field.name,
        field.wanted,
        field.sent,
        field.there,
    )
    assert ids["person-1"] == told[1].vendor_id


def test_a_field_of_theirs_is_not_looked_at(ledger, url, hubspot):
    """What belongs to the destination is written when the object is made, and then left alone."""
    theirs = {"phone": "+31201234567"}
    row = contact(1, when_new=theirs)
    put(ledger, row)
    drain(ledger, hubspot)
    (number,) = objects(url, "contacts")
    assert "+31201234567" == objects(url, "contacts")[number]["properties"]["phone"]
    change(url, number, phone="+31207654321")

    again = contact(1, when_new=theirs, properties={"firstname": "Grace"})
    put(ledger, again)
    drain(ledger, hubspot)
    found = objects(url, "contacts")[number]["properties"]
    assert ("Grace", "+31207654321") == (found["firstname"], found["phone"])
    assert ["same"] == [each.verdict for each in look(ledger, hubspot, [again])]


def test_drift_is_repaired_on_request(ledger, url, hubspot):
    """Without a request nothing is sent again; with it, what drifted or is gone comes back."""
    rows = [contact(number) for number in range(3)]
    put(ledger, *rows)
    drain(ledger, hubspot)
    ids = by_key(url)
    change(url, ids["person-1"], firstname="Grace")
    httpx.delete(f"{url}/crm/v3/objects/contacts/{ids['person-2']}", headers=AUTH)
    put(ledger, *rows)
    assert 0 == drain(ledger, hubspot).delivered

    keys = [each.entity_key for each in look(ledger, hubspot, rows) if each.verdict != "same"]
    assert 2 == ledger.send_again("hubspot", "upsert_contact", keys, who="ada", now=now())
    put(ledger, *rows)
    assert 2 == drain(ledger, hubspot).delivered
    assert {"same"} == {each.verdict for each in look(ledger, hubspot, rows)}
    assert [("ada", "send_again")] == [(act.who, act.what) for act in ledger.audit()]


def test_a_vendor_that_does_not_answer_is_told(ledger, url, hubspot):
    """Looking raises what a delivery would have had as its outcome."""
    put(ledger, contact(1))
    drain(ledger, hubspot)
    plan = {"rules": [{"vendor": "hubspot", "path": "batch/read", "fault": "status_500"}]}
    httpx.post(f"{url}/_faults", json=plan).raise_for_status()
    with pytest.raises(CallFailedError):
        look(ledger, hubspot, [contact(1)])


def test_who_cannot_be_asked_says_so(ledger, url):
    """Meta gives no event back."""
    assert look(ledger, MetaSettings(url=url), [], name="meta") is None
