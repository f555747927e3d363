"""Rows into a ledger, out to the sandbox, and a look at what it holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from reverse_etl.connectors import Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.retry import RetryPolicy
from reverse_etl.testing import seeded
from reverse_etl.tools import DispatchPolicy

AUTH = {"authorization": "Bearer other"}
QUICK = DispatchPolicy(
    retry=RetryPolicy(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=100))
)


def now():
    return datetime.now(UTC)


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=now())


def drain(ledger, settings, wait=1, policy=None):
    async def run():
        async with http_client() as client:
            connectors = connect([settings], Outside(client))
            given = {"policy": policy} if policy else {}
            dispatcher = Dispatcher(ledger, connectors, clock=now, rng=seeded(), **given)
            try:
                return await dispatcher.drain(timedelta(seconds=wait))
            finally:
                dispatcher.close()

    return asyncio.run(run())


def state(url):
    return httpx.get(f"{url}/_state/hubspot").json()


def objects(url, kind):
    """Id → object."""
    return {item["id"]: item for item in state(url)["objects"][kind]}


def fault(url, **rule):
    rules = {"rules": [{"vendor": "hubspot", **rule}]}
    httpx.post(f"{url}/_faults", json=rules).raise_for_status()


def create(url, kind, **properties):
    path = f"{url}/crm/v3/objects/{kind}"
    answer = httpx.post(path, json={"properties": properties}, headers=AUTH)
    return answer.raise_for_status().json()["id"]
