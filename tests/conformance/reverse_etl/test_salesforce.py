"""Salesforce's limit of a day, its credentials, and how its values are read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from salesforce_cases import lead
from salesforce_lab import (
    LATER,
    _now,
    drain,
    fault,
    put,
    salesforce,
    state,
)

from reverse_etl.connectors import Context, SalesforceSettings, http_client
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.salesforce.api import SalesforceApi, _portions
from reverse_etl.connectors.salesforce.records import holds
from reverse_etl.connectors.salesforce.usage import NEAR, Usage, long_wait
from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import NOON


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


@pytest.mark.parametrize(
    ("there", "ours", "expected"),
    [
        ("ada@example.com", "Ada@Example.com", True),
        (42.0, "42", True),
        (None, "", True),
        (True, "true", True),
        ("2026-03-02T09:00:00.000+0000", "2026-03-02T10:00:00+01:00", True),
        ("Ada", None, False),
        ("Ada", "Eve", False),
    ],
)
def test_a_record_is_compared_as_salesforce_writes_it(there, ours, expected):
    """Case and the writing of numbers and times do not count."""
    assert holds({"F": there}, {"F": ours}) is expected


def test_queries_fit_into_an_address():
    """Values are quoted, split over queries by length, and asked once each."""
    portions = _portions(["o'neill\\", "o'neill\\", *("x" * 100 + str(n) for n in range(150))])
    assert portions[0][0] == "'o\\'neill\\\\'"
    assert sum(map(len, portions)) == 151
    assert all(len("".join(portion)) < 8000 for portion in portions)
    assert len(portions) > 1
