"""What is Salesforce's own: bulk jobs, the day's limit, locks, ids and references."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from salesforce_cases import account, lead, opportunity, task
from salesforce_cases import salesforce as salesforce_settings

from reverse_etl.connectors import Context, Outside, SalesforceSettings, connect, http_client
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Endpoint, Response
from reverse_etl.connectors.salesforce.api import SalesforceApi, _portions, check
from reverse_etl.connectors.salesforce.bulk import to_csv
from reverse_etl.connectors.salesforce.records import holds
from reverse_etl.connectors.salesforce.usage import NEAR, Usage, long_wait
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.errors import CallFailedError
from reverse_etl.ledger import Ledger
from reverse_etl.model import Kind, State
from reverse_etl.retry import RetryPolicy
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import NOON, seeded
from reverse_etl.tools import DispatchPolicy

AUTH = {"authorization": "Bearer somebody"}
DATA = "/services/data/v62.0"
QUICK = DispatchPolicy(
    retry=RetryPolicy(
        first=timedelta(milliseconds=20),
        longest=timedelta(milliseconds=100),
        jitter=timedelta(milliseconds=5),
    )
)
LATER = timedelta(seconds=5)


def _now():
    return datetime.now(UTC)


def salesforce(url, token, **changes):
    """An account at the sandbox that waits for its answers."""
    return salesforce_settings(url, token, **{"timeout": LATER, **changes})


@pytest.fixture(scope="module")
def server():
    with serving(create_app(salesforce=Salesforce(job_seconds=0.1))) as url:
        yield url


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=_now())


def drain(ledger, settings, wait=2.0, client=http_client):
    async def run():
        async with client() as made:
            connectors = connect([settings], Outside(made))
            dispatcher = Dispatcher(ledger, connectors, clock=_now, rng=seeded(), policy=QUICK)
            try:
                return await dispatcher.drain(timedelta(seconds=wait))
            finally:
                dispatcher.close()

    return asyncio.run(run())


def fault(url, path, **rule):
    rules = [{"vendor": "salesforce", "path": path, **rule}]
    httpx.post(f"{url}/_faults", json={"rules": rules}).raise_for_status()


def state(url):
    return httpx.get(f"{url}/_state/salesforce").json()


def records(url, kind):
    return {item.get("Millrace_Id__c"): item for item in state(url)["objects"][kind]}


def create(url, kind, **fields):
    answer = httpx.post(f"{url}{DATA}/sobjects/{kind}", json=fields, headers=AUTH)
    return answer.raise_for_status().json()["id"]


def dead(ledger):
    return {row.entity_key: row.code for row in ledger.find(states=[State.DEAD])}


def requests(url, path):
    return [entry for entry in state(url)["requests"] if path in entry["path"]]


# -- bulk ------------------------------------------------------------------------------------------


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


# -- the day's limit -------------------------------------------------------------------------------


def test_the_last_share_of_the_day_is_left_to_others(ledger):
    """Near the daily limit the connector stops by itself; rows wait under a code of its own."""
    with serving(create_app(salesforce=Salesforce(limit=10))) as url:
        put(ledger, *(lead(number) for number in range(2000)))
        settings = salesforce(url, "good", keep_share=0.5)
        report = drain(ledger, settings)
        assert len(state(url)["requests"]) == 5
        assert (report.delivered, report.pending, report.dead) == (800, 1200, 0)
        waiting = ledger.find(states=[State.PENDING])
        assert {row.code for row in waiting} == {NEAR}
        assert min(row.due_at for row in waiting) > _now() + timedelta(minutes=10)


def test_the_limit_is_no_matter_of_credentials(ledger, url):
    """403 REQUEST_LIMIT_EXCEEDED leaves rows queued and the destination going."""
    fault(url, "composite", fault="status_403")
    put(ledger, lead(1))
    report = drain(ledger, salesforce(url, "good"))
    assert (report.pending, report.problems) == (1, ())
    assert [row.code for row in ledger.find()] == ["REQUEST_LIMIT_EXCEEDED"]


def test_usage_is_read_from_the_header():
    """The org's own usage counts, not an app's; after a while one request may look again."""
    usage = Usage(0.05)
    usage.learn({"sforce-limit-info": "per-app-api-usage=9/10(appName=x)"}, NOON)
    assert usage.refusal(NOON, 0) is None
    usage.learn({"sforce-limit-info": "api-usage=95/100; per-app-api-usage=1/10(appName=x)"}, NOON)
    assert usage.refusal(NOON, 0).code == NEAR
    assert usage.refusal(NOON + timedelta(minutes=5), 0) is None


def test_waits_outlast_the_day():
    """Twelve attempts wait longer than the 24 hours that the limit counts."""
    assert sum((long_wait(attempt) for attempt in range(12)), timedelta()) > timedelta(hours=24)


# -- credentials -----------------------------------------------------------------------------------


class _Refreshing:
    """Asks the sandbox for a token, and for another one when that is refused."""

    def __init__(self, url):
        self._url = url
        self.asked = 0
        self._held = "expired"

    async def token(self):
        return self._held

    async def renew(self, refused):
        form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "app"}
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self._url}/services/oauth2/token", data=form)
        self.asked += 1
        self._held = answer.json()["access_token"]
        return self._held


def test_an_invalid_session_is_renewed_once(url):
    """401 INVALID_SESSION_ID asks for another token, and the request goes again with it."""

    async def run():
        async with http_client() as client:
            tokens = _Refreshing(url)
            endpoint = Endpoint(client, url, LATER, token=tokens)
            api = SalesforceApi(endpoint, "v62.0", "Millrace_Id__c", Usage(0.05))
            work = Work([], Context(_now()))
            await api.field_definitions(work, "Lead")
            await api.field_definitions(work, "Lead")
            return tokens.asked, [call.status for call in work.calls]

    assert asyncio.run(run()) == (1, [401, 200, 200])


def test_the_orgs_own_address_must_be_set():
    """Nothing can be sent to the address where people log in."""
    settings = SalesforceSettings(token="t")
    assert settings.missing == ("url",)
    assert SalesforceSettings(url="https://x.my.salesforce.com").missing == ("token",)


# -- records ---------------------------------------------------------------------------------------


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


# -- references and tasks --------------------------------------------------------------------------


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


# -- pure ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "ours", "expected"),
    [
        ("ada@example.com", "Ada@Example.com", True),
        (42.0, "42", True),
        (None, "", True),
        (True, "true", True),
        ("Ada", None, False),
        ("Ada", "Eve", False),
    ],
)
def test_a_record_is_compared_as_salesforce_writes_it(there, ours, expected):
    """Case and the writing of numbers do not count."""
    assert holds({"F": there}, {"F": ours}) is expected


def test_queries_fit_into_an_address():
    """Values are quoted, split over queries by length, and asked once each."""
    portions = _portions(["o'neill\\", "o'neill\\", *("x" * 100 + str(n) for n in range(150))])
    assert portions[0][0] == "'o\\'neill\\\\'"
    assert sum(map(len, portions)) == 151
    assert all(len("".join(portion)) < 8000 for portion in portions)
    assert len(portions) > 1
