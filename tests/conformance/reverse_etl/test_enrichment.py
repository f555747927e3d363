"""Apollo and People Data Labs: what is asked, what comes back, and what it costs."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import structlog
from delivery_lab import QUICK, laboratory
from enrichment_cases import question, settings

from ingestion.event_log import EventLog
from orchestration import decisions
from reverse_etl.connectors import Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import seeded

VENDORS = ["apollo", "peopledatalabs"]
PATHS = {"apollo": "/api/v1/people/bulk_match", "peopledatalabs": "/v5/person/bulk"}
PERSONAL = ["Ada", "Lovelace", "sandbox.example", "somebody@", "VP Operations", "4930123"]


def _now():
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture(params=VENDORS)
def vendor(request):
    return request.param


@pytest.fixture
def lab(server, tmp_path):
    with laboratory(server, tmp_path) as lab:
        yield lab


class Told:
    """What the dispatcher hands over, and a log that may refuse."""

    def __init__(self, refusals=0):
        self.answers = []
        self.refusals = refusals

    def __call__(self, answers):
        if self.refusals:
            self.refusals -= 1
            raise OSError("disk full")
        self.answers += answers


@contextmanager
def dispatching(lab, account, on_answer):
    """A function that drains, always by the same dispatcher."""
    dispatchers = []

    async def run(wait):
        async with http_client() as client:
            made = Dispatcher(
                lab.ledger,
                connect([account], Outside(client)),
                clock=_now,
                rng=seeded(),
                policy=QUICK,
                on_answer=on_answer,
            )
            dispatchers.append(made)
            return await made.drain(timedelta(seconds=wait))

    yield lambda wait=5.0: asyncio.run(run(wait))
    for made in dispatchers:
        made.close()


def _drain(lab, account, on_answer, wait=5.0):
    with dispatching(lab, account, on_answer) as drain:
        return drain(wait)


def _asked(lab, vendor):
    return [item["key"] for item in lab.objects(vendor, "questions")]


def test_an_answer_says_what_we_model_and_no_more(lab, vendor):
    """The vendor's words come under our names; its addresses and phones stay behind."""
    lab.put(question(vendor, 1))
    told = Told()
    _drain(lab, settings(vendor, lab.url, "good"), told)
    [answer] = told.answers
    data = dict(answer.data)
    assert data.pop("vendor_id").startswith(("apollo-", "pdl-"))
    assert "VP OPERATIONS" == data.pop("job_title").upper()
    assert "SANDBOX GMBH" == data.pop("company").upper()
    assert ("GERMANY", "BERLIN") == (data.pop("country").upper(), data.pop("city").upper())
    assert data.pop("linkedin_url").endswith("linkedin.com/in/sandbox")
    row = question(vendor, 1)
    assert {
        "company_domain": "sandbox.example",
        "email_sha256": row.entity_key,
        "employees": "240",
        "industry": "machinery",
        "is_match": True,
        "record_id": "typeform:email:1",
        "seniority": "vp",
    } == data
    assert ("person_enriched", row.entity_key, "person-1") == (
        answer.type,
        answer.key,
        answer.person_id,
    )


def test_what_stays_at_home_is_not_sent(lab, vendor):
    """The vendor sees the hash, a name and a domain; neither our ids nor our records."""
    lab.put(question(vendor, 1))
    _drain(lab, settings(vendor, lab.url, "good"), Told())
    [item] = lab.objects(vendor, "questions")
    own = {"min_likelihood"} if vendor == "peopledatalabs" else set()
    hashed, domain = ("hashed_email", "domain") if vendor == "apollo" else ("email_hash", "company")
    assert {hashed, domain, "first_name", "last_name"} | own == set(item["asked"])


def test_nothing_personal_reaches_logs_and_attempts(lab, vendor):
    """Attempts and log lines tell of codes and counts only."""
    lab.put(question(vendor, 1), question(vendor, 2, domain="unknown.example"))
    with structlog.testing.capture_logs() as lines:
        _drain(lab, settings(vendor, lab.url, "good"), Told())
    rows = lab.ledger.find(destination=vendor)
    noted = str([lab.ledger.attempts(row.id) for row in rows]) + str(lines)
    assert "delivery_attempt" in noted
    assert [] == [word for word in PERSONAL if word in noted]
    assert [] == [row for row in rows if row.entity_key in str(lines)]


def test_nobody_found_is_an_answer(lab, vendor):
    """A miss among matches is settled and recorded, and its neighbours keep their own answers."""
    rows = [question(vendor, n, domain="unknown.example" if n == 2 else "sandbox.example")
            for n in range(1, 4)]  # fmt: skip
    lab.put(*rows)
    told = Told()
    report = _drain(lab, settings(vendor, lab.url, "good"), told)
    assert 3 == report.delivered
    found = {answer.person_id: answer.data["is_match"] for answer in told.answers}
    assert {"person-1": True, "person-2": False, "person-3": True} == found
    [miss] = [answer for answer in told.answers if answer.person_id == "person-2"]
    assert {"email_sha256", "record_id", "is_match"} == set(miss.data)


def test_a_question_is_asked_once(lab, vendor):
    """The same row again, match or not, makes no request."""
    rows = [question(vendor, 1), question(vendor, 2, domain="unknown.example")]
    for _ in range(3):
        lab.put(*rows)
        _drain(lab, settings(vendor, lab.url, "good"), Told())
    assert sorted(row.entity_key for row in rows) == sorted(_asked(lab, vendor))


def test_an_answer_the_log_refuses_is_kept_and_told_again(lab, vendor):
    """It is not paid for twice, and arrives once."""
    lab.put(question(vendor, 1))
    told = Told(refusals=1)
    report = _drain(lab, settings(vendor, lab.url, "good"), told)
    assert ["RECORDING_FAILED"] == [problem.code for problem in report.problems]
    assert (1, 1) == (report.delivered, len(told.answers))
    assert 1 == len(_asked(lab, vendor))
    assert 0 == lab.ledger.counts().possible_repeats


def test_an_answer_that_died_with_its_process_is_asked_for_again(lab, vendor, tmp_path):
    """Nothing is settled without its event: the next process pays once more, and the log has it
    once, however often it is told."""
    row = question(vendor, 1)
    lab.put(row)
    account = settings(vendor, lab.url, "good")
    _drain(lab, account, Told(refusals=1_000), wait=0.0)
    assert [(State.UNKNOWN, "RECORDING_FAILED")] == lab.states(vendor)
    with closing(EventLog.open(f"sqlite:///{tmp_path}/log.db")) as log:

        def record(answers):
            decisions.append_answers(log, answers, now=_now())
            assert 0 == decisions.append_answers(log, answers, now=_now() + timedelta(hours=1))

        assert 1 == _drain(lab, account, record).delivered
        [event] = list(log.read(after=0, limit=10))
    assert ("millrace", f"person_enriched:{vendor}:{row.entity_key}", "answer") == (
        event.source,
        event.event_key,
        event.kind,
    )
    assert 2 == len(_asked(lab, vendor))
    assert 1 == lab.ledger.counts().possible_repeats


def test_a_lost_answer_is_given_up_where_so_told(lab, vendor):
    """`at_most_once`: nobody is paid for twice."""
    lab.faults({"vendor": vendor, "path": PATHS[vendor], "fault": "drop_after", "first": 1})
    lab.put(question(vendor, 1))
    report = _drain(lab, settings(vendor, lab.url, "good", at_most_once=True), Told())
    assert (0, 1, 1) == (report.delivered, report.dead, len(_asked(lab, vendor)))


def test_no_credits_left_waits_without_burning_tries(lab, vendor):
    """The rows stay queued for an hour, no try counts, and every drain says why; another key, and
    they go on."""
    lab.put(*(question(vendor, n) for n in range(3)))
    told = Told()
    for _ in range(2):
        report = _drain(lab, settings(vendor, lab.url, "broke"), told, wait=0.0)
        assert ["CREDITS_USED_UP"] == [problem.code for problem in report.problems]
        assert (0, 0, 3) == (report.delivered, report.dead, report.pending)
    assert [] == told.answers
    assert {0} == {row.attempts for row in lab.ledger.find(destination=vendor)}
    requests = lab.state(vendor)["requests"]
    assert [402] == [request["status"] for request in requests]
    due = lab.ledger.next_due(vendor)
    assert timedelta(minutes=55) < due - _now() < timedelta(minutes=61)


def test_credits_that_run_out_in_a_batch(tmp_path, vendor):
    """What was still paid for is delivered, the rest waits."""
    with serving(create_app(enrichment_credits=2)) as url, laboratory(url, tmp_path) as lab:
        lab.put(*(question(vendor, n) for n in range(3)))
        first = _drain(lab, settings(vendor, url, "good"), Told(), wait=0.0)
        if vendor == "apollo":  # a request is answered as a whole
            assert 3 == first.delivered
        else:
            assert (2, 1) == (first.delivered, first.pending)
            assert ["CREDITS_USED_UP"] == [problem.code for problem in first.problems]


def test_our_own_budget_of_credits(lab, vendor):
    """Cold rows leave hot ones their share; what is over waits, and misses cost nothing."""
    account = settings(vendor, lab.url, "good", credits_per_day=5)  # one of five is for hot leads
    lab.put(*(question(vendor, n, domain="unknown.example") for n in range(3)))
    assert 3 == _drain(lab, account, Told()).delivered
    cold = [question(vendor, n) for n in range(10, 16)]
    lab.put(*cold)
    report = _drain(lab, account, Told(), wait=0.0)
    assert (4, 2) == (report.delivered, report.pending)
    assert ["CREDIT_BUDGET_SPENT"] == [problem.code for problem in report.problems]
    hot = [question(vendor, n, priority=0) for n in (20, 21)]
    lab.put(*cold, *hot)
    report = _drain(lab, account, Told(), wait=0.0)
    assert (1, 3) == (report.delivered, report.pending)
    assert 3 + 4 + 1 == len(_asked(lab, vendor))
    assert {0} == {
        row.attempts for row in lab.ledger.find(destination=vendor, states=[State.PENDING])
    }


def test_cold_neighbours_leave_a_hot_row_its_credits(lab, vendor):
    """In one batch, too, the reserved share is for hot rows alone, and they go first."""
    account = settings(vendor, lab.url, "good", credits_per_day=5)
    rows = [question(vendor, n, priority=0 if n == 5 else 2) for n in range(6)]
    lab.put(*rows)
    report = _drain(lab, account, Told(), wait=0.0)
    assert (4, 2) == (report.delivered, report.pending)
    assert rows[5].entity_key in _asked(lab, vendor)


def test_a_refused_batch_costs_no_credit(lab, vendor):
    """What the vendor refused is given back to the budget."""
    account = settings(vendor, lab.url, "good", credits_per_day=5)
    lab.faults({"vendor": vendor, "path": PATHS[vendor], "fault": "status_503", "first": 3})
    lab.put(*(question(vendor, n) for n in range(4)))
    assert 4 == _drain(lab, account, Told()).delivered


def test_a_phone_is_taken_only_where_wanted(lab):
    """People Data Labs knows a mobile number; the setting lets it in."""
    lab.put(question("peopledatalabs", 1))
    told = Told()
    _drain(lab, settings("peopledatalabs", lab.url, "good", phones=True), told)
    assert ["+493012345678"] == [answer.data["phone"] for answer in told.answers]


def test_the_vendors_window_is_heeded():
    """A 429 without Retry-After waits until `x-ratelimit-reset`, where it can be read."""
    from reverse_etl.connectors.enrichment import PeopleDataLabs
    from reverse_etl.connectors.http import read

    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    connector = PeopleDataLabs(settings("peopledatalabs", "http://127.0.0.1:1", "k"), Outside(None))
    waits = {"2026-03-02 12:00:40": timedelta(seconds=40), "soon": None}
    for told, expected in waits.items():
        limited = httpx.Response(429, headers={"x-ratelimit-reset": told}, json={})
        assert expected == connector.refusal(read(limited), noon).retry_after


def test_apollos_words_about_credits():
    """Apollo may say it by a 422 with words: no row is to blame for that."""
    from reverse_etl.connectors.enrichment import Apollo
    from reverse_etl.connectors.http import read

    connector = Apollo(settings("apollo", "http://127.0.0.1:1", "k"), Outside(None))
    said = httpx.Response(422, json={"error_code": "INSUFFICIENT_CREDITS"})
    outcome = connector.refusal(read(said), _now())
    assert ("CREDITS_USED_UP", False) == (outcome.code, outcome.costs_attempt)
    other = connector.refusal(read(httpx.Response(422, json={"error": "bad id"})), _now())
    assert ("REFUSED", "refused") == (other.code, str(other.kind))


def test_an_answer_about_another_number_of_people_is_no_answer(lab):
    """Results that cannot be told apart are given to nobody; each row is asked about alone, and
    what still does not fit is a dead letter."""
    from reverse_etl.connectors.base import Context
    from reverse_etl.connectors.enrichment import Apollo
    from reverse_etl.model import Kind

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json={"matches": [None]}))
    lab.put(question("apollo", 1), question("apollo", 2))
    rows = lab.ledger.find(destination="apollo")

    async def ask():
        async with httpx.AsyncClient(transport=transport) as client:
            connector = Apollo(settings("apollo", "http://127.0.0.1:1", "k"), Outside(client))
            return await connector.send(rows, Context(_now()))

    outcomes = asyncio.run(ask()).outcomes.values()
    assert {(Kind.REFUSED, "MALFORMED_ANSWER")} == {(each.kind, each.code) for each in outcomes}
