"""Salesforce's bulk jobs: when there is one, and what becomes of its rows."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from salesforce_cases import lead
from salesforce_lab import (
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

from reverse_etl.connectors.salesforce.bulk import to_csv
from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving


def test_many_rows_become_one_job(ledger, url):
    """Above 2,000 rows one bulk job carries all of them, and each gets its record's id."""
    put(ledger, *(lead(number) for number in range(2001)))
    assert drain(ledger, salesforce(url, "good")).delivered == 2001
    (job,) = state(url)["objects"]["jobs"]
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 2001)
    (row,) = ledger.find(person_id="person-7")
    assert row.vendor_id == records(url, "Lead")["person-7"]["Id"]
    assert requests(url, "composite/sobjects") == []


def test_fewer_rows_go_in_collections_of_200(ledger, url):
    """Up to 2,000 rows take one request for each 200."""
    put(ledger, *(lead(number) for number in range(401)))
    assert drain(ledger, salesforce(url, "good")).delivered == 401
    assert len(requests(url, "composite/sobjects/Lead")) == 3
    assert state(url)["objects"]["jobs"] == []


def test_a_row_that_fails_in_a_job_spares_the_others(ledger, url):
    """A job's failed row is a dead letter with Salesforce's code; the others are delivered."""
    bad = lead(9, fields={"Email": "nobody"})
    put(ledger, *(lead(number) for number in range(5)), bad)
    report = drain(ledger, salesforce(url, "good", bulk_above=3))
    assert (report.delivered, report.dead) == (5, 1)
    assert dead(ledger) == {"person-9": "INVALID_EMAIL_ADDRESS"}


def test_a_lock_in_a_job_is_tried_again(ledger, url):
    """A row that Salesforce could not lock in a job is sent again and arrives."""
    fault(url, "/batches", fault="item_failure", first=1)
    put(ledger, *(lead(number) for number in range(5)))
    assert drain(ledger, salesforce(url, "good", bulk_above=3)).delivered == 5
    assert len(records(url, "Lead")) == 5


def test_known_records_go_into_a_job_of_their_own(ledger, url):
    """A job upserts by our key what is new, and another updates by id what is known."""
    theirs = create(url, "Lead", LastName="Byron", Company="Own", Title="Poet")
    known = lead(0, external_id=theirs)
    put(ledger, known, *(lead(number) for number in range(1, 5)))
    assert drain(ledger, salesforce(url, "good", bulk_above=3)).delivered == 5
    jobs = {job["operation"]: job for job in state(url)["objects"]["jobs"]}
    assert {name: job["numberRecordsProcessed"] for name, job in jobs.items()} == {
        "upsert": 4,
        "update": 1,
    }
    found = {item["Id"]: item for item in state(url)["objects"]["Lead"]}
    assert (found[theirs]["LastName"], found[theirs]["Title"]) == ("Lovelace", "Poet")


def test_hot_rows_do_not_wait_for_the_job(ledger, url):
    """Hot leads go in a collection before the job for the rest is made."""
    put(ledger, lead("hot", priority=0), *(lead(number) for number in range(5)))
    assert drain(ledger, salesforce(url, "good", bulk_above=3)).delivered == 6
    paths = [entry["path"] for entry in state(url)["requests"]]
    upsert = paths.index(f"{DATA}/composite/sobjects/Lead/Millrace_Id__c")
    assert upsert < paths.index(f"{DATA}/jobs/ingest")


@pytest.mark.slow
@pytest.mark.parametrize("finished", [False, True])
def test_a_job_that_takes_long_is_read_back(ledger, finished):
    """Rows of a job that is not done in time stay unknown, and are never sent beside it."""
    org = Salesforce(job_seconds=0.5 if finished else 3600)
    with serving(create_app(salesforce=org)) as url:
        settings = salesforce(url, "good", bulk_above=3, bulk_wait=timedelta(0))
        put(ledger, *(lead(number) for number in range(5)))
        report = drain(ledger, settings, wait=12 if finished else 2)
        assert len(state(url)["objects"]["jobs"]) == 1
        if finished:
            assert report.delivered == 5
        else:
            codes = {row.code for row in ledger.find(states=[State.UNKNOWN])}
            assert codes == {"SALESFORCE_JOB_RUNNING"}


class _Losing(httpx.AsyncHTTPTransport):
    """Loses the first request of a method whose path holds `path`: before it goes out, or its
    answer."""

    def __init__(self, method, path, *, after):
        super().__init__()
        self._lost = (method, path)
        self._after = after
        self._left = 1

    async def handle_async_request(self, request):
        method, path = self._lost
        if request.method == method and path in request.url.path and self._left:
            self._left -= 1
            if self._after:
                await (await super().handle_async_request(request)).aread()
            raise httpx.ReadError("lost")
        return await super().handle_async_request(request)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "jobs/ingest"), ("PUT", "/batches"), ("PATCH", "jobs/ingest/")]
)
def test_a_lost_answer_about_a_job_is_read_back(ledger, url, method, path, after):
    """Whichever word to or from a job is lost, each row arrives once."""

    def client():
        return httpx.AsyncClient(transport=_Losing(method, path, after=after))

    put(ledger, *(lead(number) for number in range(5)))
    settings = salesforce(url, "good", bulk_above=3)
    assert drain(ledger, settings, wait=12, client=client).delivered == 5
    assert len(state(url)["objects"]["Lead"]) == 5


class _Renaming(httpx.AsyncHTTPTransport):
    """Uploads a column under a name that the org does not have, as if the field had just gone."""

    async def handle_async_request(self, request):
        if request.url.path.endswith("/batches"):
            content = request.content.replace(b"Company", b"Compony", 1)
            request = httpx.Request("PUT", request.url, headers=request.headers, content=content)
        return await super().handle_async_request(request)


def test_a_job_that_fails_as_a_whole_is_halved(ledger, url):
    """A job that Salesforce fails is halved until its rows go, or fail, in collections."""

    def client():
        return httpx.AsyncClient(transport=_Renaming())

    put(ledger, *(lead(number) for number in range(5)))
    settings = salesforce(url, "good", bulk_above=3)
    assert drain(ledger, settings, client=client).delivered == 5
    assert [job["state"] for job in state(url)["objects"]["jobs"]] == ["Failed"]


def test_csv_leaves_out_and_empties():
    """What a record lacks stays empty, null empties the field, and quotes are kept."""
    rows = [{"A": 'x, "y"', "B": None}, {"A": True, "C": 1.5}]
    assert to_csv(rows).decode() == 'A,B,C\n"x, ""y""",#N/A,\ntrue,,1.5\n'
