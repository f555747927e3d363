"""Every connector behaves the same way to the dispatcher, whatever its vendor does.

The vendors are the sandbox's, behind a real server on a loopback port.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import enrichment_cases
import ga4_cases
import httpx
import hubspot_cases
import meta_cases
import pytest
import salesforce_cases
import slack_cases
import teams_cases
import webhook_cases
from connector_case import GOOD

from reverse_etl.connectors import Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.retry import RetryPolicy
from reverse_etl.sandbox.server import free_port
from reverse_etl.testing import seeded
from reverse_etl.tools import DispatchPolicy

QUICK = DispatchPolicy(
    retry=RetryPolicy(
        first=timedelta(milliseconds=20),
        longest=timedelta(milliseconds=100),
        jitter=timedelta(milliseconds=5),
    )
)


def _now():
    return datetime.now(UTC)


CASES = [
    *hubspot_cases.CASES,
    *meta_cases.CASES,
    *salesforce_cases.CASES,
    *slack_cases.CASES,
    *teams_cases.CASES,
    *webhook_cases.CASES,
    *ga4_cases.CASES,
    *enrichment_cases.CASES,
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case.destination}_{case.name or case.objects}")
def case(request):
    return request.param


def put(ledger, rows):
    """Enqueue these rows, each action's for itself."""
    for destination, action in dict.fromkeys((row.destination, row.action) for row in rows):
        wanted = [row for row in rows if (row.destination, row.action) == (destination, action)]
        ledger.enqueue(wanted, destination=destination, action=action, now=_now())


def drain(ledger, settings, wait=5.0, policy=QUICK):
    async def run():
        async with http_client() as client:
            connectors = connect([settings], Outside(client))
            dispatcher = Dispatcher(ledger, connectors, clock=_now, rng=seeded(), policy=policy)
            try:
                return await dispatcher.drain(timedelta(seconds=wait))
            finally:
                dispatcher.close()

    return asyncio.run(run())


def fault(url, case, **rule):
    rule = {"vendor": case.destination, "path": case.path, **rule}
    httpx.post(f"{url}/_faults", json={"rules": [rule]}).raise_for_status()


def objects(url, case):
    found = httpx.get(f"{url}/_state/{case.destination}").json()["objects"][case.objects]
    return [case.key_of(item) for item in found]


@pytest.fixture
def ready(ledger, url, case):
    """Rows in the queue; for tasks their contacts are at the vendor already."""

    def make(count=5):
        if first := case.first(count):
            put(ledger, first)
            drain(ledger, case.settings(url, GOOD))
        rows = case.rows(count)
        put(ledger, rows)
        return [row.entity_key for row in rows]

    return make


def test_success(ledger, url, case, ready):
    """Every row arrives once, in one request."""
    keys = ready()
    report = drain(ledger, case.settings(url, GOOD))
    assert report.delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_nothing_changes_nothing_is_sent(ledger, url, case, ready):
    """Enqueueing and draining again makes no request."""
    ready()
    drain(ledger, case.settings(url, GOOD))
    put(ledger, case.rows(5))
    assert drain(ledger, case.settings(url, GOOD)).by_destination[case.destination].requests == 0


def test_item_failure_spares_the_neighbours(ledger, url, case, ready):
    """One refused item, in whichever way the vendor refuses, leaves the others delivered."""
    keys = ready()
    fault(url, case, fault="item_failure", first=1)
    report = drain(ledger, case.settings(url, GOOD))
    assert report.delivered + report.dead == 5
    assert report.dead <= 1
    assert len(set(objects(url, case))) == report.delivered
    assert set(objects(url, case)) <= set(keys)


@pytest.mark.parametrize("status", [400, pytest.param(404, marks=pytest.mark.slow), 422])
def test_client_errors_are_dead_letters(ledger, url, case, ready, status):
    """A 4xx for every request ends in dead letters, after bisecting, without endless tries; where
    it means that nothing is there any more, the destination stops and the rows stay queued."""
    ready(3)
    fault(url, case, fault=f"status_{status}")
    report = drain(ledger, case.settings(url, GOOD))
    expected = (0, 0, 3) if status in case.stops_at else (0, 3, 0)
    assert (report.delivered, report.dead, report.pending) == expected


def test_a_wrong_address_buries_nothing(ledger, url, case, ready):
    """Where nothing of the vendor answers, the destination stops after one batch and names the
    cause; corrected, it delivers every row."""
    ready(3)
    wrong = drain(ledger, case.settings(f"{url}/nowhere", GOOD))
    assert (0, 0) == (wrong.delivered, wrong.dead)
    gone = "ENDPOINT_GONE" if case.destination == "teams" else "ENDPOINT_WRONG"
    assert [gone] == [problem.code for problem in wrong.problems]
    right = drain(ledger, case.settings(url, GOOD))
    assert (3, 0) == (right.delivered, right.dead)


@pytest.mark.parametrize(
    "status",
    [500, *(pytest.param(status, marks=pytest.mark.slow) for status in (502, 503, 504))],
)
def test_server_errors_are_retried(ledger, url, case, ready, status):
    """A 5xx that passes costs nothing but time."""
    keys = ready()
    fault(url, case, fault=f"status_{status}", first=2)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_rate_limit_without_retry_after(ledger, url, case, ready):
    """A bare 429 pauses the destination for our own back-off."""
    keys = ready()
    fault(url, case, fault="status_429", first=2)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_rate_limit_with_retry_after(ledger, url, case, ready):
    """Retry-After decides when the next request goes out."""
    ready()
    fault(url, case, fault="status_429", first=1, retry_after=0.5)
    started = _now()
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert _now() - started >= timedelta(milliseconds=500)


def test_slow_answer_is_read_back(ledger, url, case, ready):
    """An answer that comes after our time-out is read back; only who cannot be asked may see a
    repeat, with the same key, and it is counted."""
    keys = ready()
    fault(url, case, fault="slow", ms=800, first=1)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    _assert_once(ledger, url, case, keys, lost=True)


def test_drop_before_the_vendor_acted(ledger, url, case, ready):
    """A request that vanished is sent again."""
    keys = ready()
    fault(url, case, fault="drop_before", first=1)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_drop_after_the_vendor_acted(ledger, url, case, ready):
    """A lost answer never makes a second copy where the vendor can be read back."""
    keys = ready()
    fault(url, case, fault="drop_after", first=1)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    _assert_once(ledger, url, case, keys, lost=True)


def test_malformed_answer(ledger, url, case, ready):
    """An answer nobody can read counts as lost, where the answer matters."""
    keys = ready()
    fault(url, case, fault="malformed", first=1)
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    _assert_once(ledger, url, case, keys, lost=case.reads_answers)


def _assert_once(ledger, url, case, keys, *, lost):
    found = objects(url, case)
    repeated = len(found) - len(set(found))
    in_one_request = len(keys) if case.batches else 1
    assert sorted(set(found)) == sorted(keys)
    assert repeated == (in_one_request if case.repeats and lost else 0)
    assert ledger.counts().possible_repeats == repeated


def test_token_expires_mid_batch(ledger, url, case, ready):
    """The destination stops at once, rows stay queued, and the next drain goes on."""
    keys = ready(5)
    fault(url, case, fault="expired_token", first=1)
    report = drain(ledger, case.settings(url, GOOD))
    assert (report.delivered, report.pending) == (0, 5)
    assert [problem.code for problem in report.problems] == ["AUTHENTICATION_FAILED"]
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_wrong_credentials(ledger, url, case, ready):
    """A token the vendor refuses loses nothing."""
    if not case.knows_tokens:
        pytest.skip("This vendor takes whatever comes, with any token")
    ready(2)
    report = drain(ledger, case.settings(url, "invalid"))
    assert (report.delivered, report.dead, report.pending) == (0, 0, 2)


def test_unreachable(ledger, url, case, ready):
    """Nobody listens: rows stay pending and the report says what to do; later they arrive."""
    keys = ready()
    report = drain(ledger, case.settings(f"http://127.0.0.1:{free_port()}", GOOD))
    assert (report.dead, report.pending) == (0, 5)
    assert [problem.code for problem in report.problems] == ["DESTINATION_UNREACHABLE"]
    assert drain(ledger, case.settings(url, GOOD)).delivered == 5
    assert sorted(objects(url, case)) == sorted(keys)


def test_ledger_lost_after_delivery(ledger, url, case, ready, tmp_path):
    """With a new ledger the same rows make no second contact or task."""
    keys = ready()
    drain(ledger, case.settings(url, GOOD))
    if case.repeats or not case.keeps_keys:
        pytest.skip("This vendor keeps no key to tell a repeat by; the ledger is the guard")
    with Ledger.open(f"sqlite:///{tmp_path}/second.db") as second:
        if first := case.first(5):
            put(second, first)
        put(second, case.rows(5))
        assert drain(second, case.settings(url, GOOD)).dead == 0
    assert sorted(objects(url, case)) == sorted(keys)
