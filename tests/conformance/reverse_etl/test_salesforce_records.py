"""Salesforce's records: locks, duplicates, ids, references, tasks."""

from __future__ import annotations

import httpx
import orjson
import pytest
from salesforce_cases import account, lead, opportunity, task
from salesforce_lab import (
    AUTH,
    DATA,
    create,
    dead,
    drain,
    fault,
    put,
    records,
    requests,
    salesforce,
    state,
)

from reverse_etl.connectors.http import Response
from reverse_etl.connectors.salesforce.api import check
from reverse_etl.errors import CallFailedError
from reverse_etl.ledger import Ledger
from reverse_etl.model import Kind


def test_a_locked_record_is_tried_again(ledger, url):
    """UNABLE_TO_LOCK_ROW costs an attempt, nothing else."""
    fault(url, "composite/sobjects/Account", fault="item_failure", first=1)
    put(ledger, account(1), account(2))
    assert drain(ledger, salesforce(url, "good")).delivered == 2
    assert [row.attempts for row in ledger.find()] == [2, 1]


def test_a_duplicate_rule_is_final(ledger, url):
    """DUPLICATES_DETECTED is a dead letter under Salesforce's own code."""
    fault(url, "composite/sobjects/Lead", fault="item_failure", first=1)
    put(ledger, lead(1), lead(2))
    assert drain(ledger, salesforce(url, "good")).delivered == 1
    assert dead(ledger) == {"person-1": "DUPLICATES_DETECTED"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LastName": ""}, "REQUIRED_FIELD_MISSING"),
        ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"Title": "x" * 256}, "STRING_TOO_LONG"),
    ],
)
def test_a_records_own_error_is_final(ledger, url, fields, code):
    """A record that Salesforce refuses is a dead letter; its neighbours are delivered."""
    put(ledger, lead(1, fields=fields), lead(2))
    assert drain(ledger, salesforce(url, "good")).delivered == 1
    assert dead(ledger) == {"person-1": code}


def test_a_picklist_is_kept(ledger, url):
    """A value outside a restricted picklist is refused with Salesforce's code."""
    put(ledger, lead(1))
    drain(ledger, salesforce(url, "good"))
    wrong = {"fields": {"Priority": "Utmost"}, "refers_to": {"lead": "person-1"}}
    put(ledger, task(1, payload=orjson.dumps(wrong).decode()))
    drain(ledger, salesforce(url, "good"))
    code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert dead(ledger) == {"mql_reached:test:1": code}


def test_a_known_id_is_updated_and_keeps_its_own_key(ledger, url):
    """A record that Salesforce told us of is updated by its id; what is not sent stays."""
    theirs = create(url, "Lead", LastName="Byron", Company="Own", Title="Poet")
    put(ledger, lead(1, external_id=theirs))
    assert drain(ledger, salesforce(url, "good")).delivered == 1
    (found,) = state(url)["objects"]["Lead"]
    assert (found["Id"], found["LastName"], found["Title"]) == (theirs, "Lovelace", "Poet")
    assert "Millrace_Id__c" not in found


def test_a_lost_update_by_id_is_read_back(ledger, url):
    """The answer to an update by id is lost: the record is read by its id and found as sent."""
    theirs = create(url, "Lead", LastName="Byron", Company="Own")
    put(ledger, lead(1, external_id=theirs))
    fault(url, "composite/sobjects", fault="drop_after", first=1)
    assert drain(ledger, salesforce(url, "good")).delivered == 1
    assert len(requests(url, "composite/sobjects")) == 1


def test_a_deleted_record_is_not_made_again(ledger, url):
    """Who deleted a record in Salesforce is not contradicted."""
    theirs = create(url, "Lead", LastName="Byron", Company="Own")
    httpx.delete(f"{url}{DATA}/sobjects/Lead/{theirs}", headers=AUTH).raise_for_status()
    put(ledger, lead(1, external_id=theirs))
    drain(ledger, salesforce(url, "good"))
    assert dead(ledger) == {"person-1": "ENTITY_IS_DELETED"}
    assert state(url)["objects"]["Lead"] == []


def test_several_records_with_one_key_are_left_alone(ledger, url):
    """A key that several records have refuses the row, in a collection and alone (300)."""
    for name in ("Byron", "Babbage"):
        create(url, "Lead", LastName=name, Company="Own", Legacy_Id__c="person-1")
    put(ledger, lead(1))
    drain(ledger, salesforce(url, "good", external_id_field="Legacy_Id__c"))
    assert dead(ledger) == {"person-1": "DUPLICATE_EXTERNAL_ID"}
    path = f"{url}{DATA}/sobjects/Lead/Legacy_Id__c/person-1"
    alone = httpx.patch(path, json={"Title": "x"}, headers=AUTH)
    assert (alone.status_code, len(alone.json())) == (300, 2)
    with pytest.raises(CallFailedError) as caught:
        check(Response(300, alone.json()))
    assert (caught.value.outcome.kind, caught.value.code) == (
        Kind.PERMANENT,
        "DUPLICATE_EXTERNAL_ID",
    )


def test_a_field_that_the_org_lacks_stops_its_row_only(ledger, url):
    """A row with an unknown field never leaves, so it cannot refuse its neighbours."""
    put(ledger, lead(1, fields={"Shoe_Size__c": 42}), lead(2))
    assert drain(ledger, salesforce(url, "good")).delivered == 1
    assert dead(ledger) == {"person-1": "SALESFORCE_FIELD_UNKNOWN"}
    assert {entry["status"] for entry in state(url)["requests"]} == {200}


def test_rows_wait_for_the_key_to_be_set_up(ledger, url):
    """Without our external id field nothing is sent, and nothing dies of it for two days."""
    put(ledger, lead(1))
    report = drain(ledger, salesforce(url, "good", external_id_field="Title"))
    assert (report.pending, report.dead) == (1, 0)
    assert [row.code for row in ledger.find()] == ["SALESFORCE_KEY_MISSING"]
    assert requests(url, "composite") == []


def test_a_task_belongs_to_its_lead(ledger, url):
    """A task waits for its lead, and carries the id that Salesforce gave that."""
    put(ledger, task(1))
    put(ledger, lead(1))
    assert drain(ledger, salesforce(url, "good")).delivered == 2
    (made,) = state(url)["objects"]["Task"]
    assert made["WhoId"] == records(url, "Lead")["person-1"]["Id"]


def test_an_opportunity_belongs_to_its_account(ledger, url):
    """An opportunity carries its account's id."""
    put(ledger, account(1))
    put(ledger, opportunity(1))
    assert drain(ledger, salesforce(url, "good")).delivered == 2
    made = records(url, "Opportunity")["opportunity-1"]
    assert made["AccountId"] == records(url, "Account")["account-1"]["Id"]


def test_a_task_that_somebody_finished_stays_finished(ledger, url, tmp_path):
    """A task is never written over, not even when our ledger was lost."""
    put(ledger, lead(1))
    put(ledger, task(1))
    drain(ledger, salesforce(url, "good"))
    (made,) = state(url)["objects"]["Task"]
    done = {"Status": "Completed"}
    path = f"{url}{DATA}/sobjects/Task/{made['Id']}"
    httpx.patch(path, json=done, headers=AUTH).raise_for_status()
    with Ledger.open(f"sqlite:///{tmp_path}/second.db") as second:
        put(second, lead(1))
        put(second, task(1))
        assert drain(second, salesforce(url, "good")).delivered == 2
    (kept,) = state(url)["objects"]["Task"]
    assert (kept["Id"], kept["Status"]) == (made["Id"], "Completed")
