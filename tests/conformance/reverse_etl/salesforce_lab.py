"""Rows out to the simulated org, and a look at what it holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from salesforce_cases import salesforce as salesforce_settings

from reverse_etl.connectors import Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.model import State
from reverse_etl.retry import RetryPolicy
from reverse_etl.testing import seeded
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
