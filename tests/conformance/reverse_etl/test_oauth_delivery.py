"""Deliveries with OAuth tokens that expire, in one process and in several."""

from __future__ import annotations

import asyncio
import multiprocessing
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reverse_etl.connectors import HubSpotSettings, MetaSettings, Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import contact, conversion, seeded

ROWS = 600


def _now():
    return datetime.now(UTC)


@pytest.fixture
def app():
    return create_app(hubspot_limit=None)


@pytest.fixture
def hubspot(app):
    return app.state.sandbox.vendor("hubspot")


@pytest.fixture
def url(app):
    with serving(app) as url:
        yield url


@pytest.fixture
def ledger_url(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


def _settings(url, **changes):
    given = {"client_id": "app", "client_secret": "s", "refresh_token": "first"}
    return HubSpotSettings(url=url, requests_per_10s=None, **{**given, **changes})


def _drain(ledger_url, settings):
    async def run(ledger):
        async with http_client() as client:
            connectors = connect([settings], Outside(client, store=ledger.credentials))
            dispatcher = Dispatcher(ledger, connectors, clock=_now, rng=seeded())
            try:
                return await dispatcher.drain(timedelta(seconds=5))
            finally:
                dispatcher.close()

    with Ledger.open(ledger_url) as ledger:
        return asyncio.run(run(ledger))


def _enqueue(ledger_url, rows):
    with Ledger.open(ledger_url) as ledger:
        ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=_now())


def test_a_token_that_expires_on_the_way_is_renewed(ledger_url, url, hubspot):
    """A 401 in the middle costs one renewal: no row waits, nothing is sent twice."""
    _enqueue(ledger_url, [contact(1)])
    assert 1 == _drain(ledger_url, _settings(url)).delivered
    hubspot.tokens.expire()
    _enqueue(ledger_url, [contact(1), contact(2)])
    report = _drain(ledger_url, _settings(url))
    assert (1, ()) == (report.delivered, report.problems)
    assert ["refresh_token", "refresh_token"] == hubspot.tokens.grants


def test_a_refused_client_stops_the_destination(ledger_url, url):
    """The vendor knows no such client: rows stay queued, and the problem is told."""
    _enqueue(ledger_url, [contact(1)])
    report = _drain(ledger_url, _settings(url, client_secret="invalid"))
    assert (0, 1) == (report.delivered, report.pending)
    assert ["AUTHENTICATION_FAILED"] == [problem.code for problem in report.problems]


def test_processes_renew_once(ledger_url, url, hubspot):
    """Four dispatchers find the same token expired; the vendor is asked for one."""
    _enqueue(ledger_url, [contact(0)])
    _drain(ledger_url, _settings(url))
    hubspot.tokens.expire()
    _enqueue(ledger_url, [contact(number) for number in range(ROWS)])
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_drain, args=(ledger_url, _settings(url))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [0] * 4 == [worker.exitcode for worker in workers]
    state = httpx.get(f"{url}/_state/hubspot").json()
    assert ROWS == len(state["objects"]["contacts"])
    assert 2 == len(hubspot.tokens.grants)


@pytest.mark.parametrize("vendor", ["hubspot", "meta"])
def test_a_token_that_was_replaced_is_taken_up(ledger_url, url, tmp_path, vendor):
    """When a token is refused, the place that the setting names is read again: a secret that was
    rotated while the process runs stops nothing."""
    place = tmp_path / "token"
    place.write_text("expired")
    reads = []

    def reveal(setting):
        reads.append(setting)
        found = place.read_text()
        place.write_text("good")  # somebody rotates it right after the first look
        return found

    row, settings = {
        "hubspot": (contact(1), HubSpotSettings(url=url, token="file:x")),
        "meta": (conversion(1, at=_now()), MetaSettings(url=url, token="file:x", dataset="1")),
    }[vendor]

    async def run(ledger):
        async with http_client() as client:
            connectors = connect([settings], Outside(client, reveal))
            dispatcher = Dispatcher(ledger, connectors, clock=_now, rng=seeded())
            try:
                return await dispatcher.drain(timedelta(seconds=5))
            finally:
                dispatcher.close()

    with Ledger.open(ledger_url) as ledger:
        ledger.enqueue([row], destination=vendor, action=row.action, now=_now())
        report = asyncio.run(run(ledger))
    assert (1, ()) == (report.delivered, report.problems)
    assert ["file:x"] * 2 == reads
