"""A dispatcher that runs on: vendors go away and come back, and it goes on by itself."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx

from reverse_etl.breaker import BreakerPolicy
from reverse_etl.connectors import HubSpotSettings, MetaSettings, Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.retry import RetryPolicy
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import free_port, serving
from reverse_etl.testing import contact, conversion, seeded
from reverse_etl.tools import DispatchPolicy

POLICY = DispatchPolicy(
    retry=RetryPolicy(first=timedelta(milliseconds=10), longest=timedelta(milliseconds=50)),
    breaker=BreakerPolicy(probe_after=timedelta(milliseconds=200)),
    idle=timedelta(milliseconds=20),
)


def _now():
    return datetime.now(UTC)


def _wait_for(condition):
    """Wait in a thread: a database gives no event to await."""
    ends = time.monotonic() + 90  # a busy disk makes every commit wait
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


async def _until(condition):
    await asyncio.to_thread(_wait_for, condition)


def test_an_outage_heals_by_itself(tmp_path):
    """Rows wait while a vendor is away, first pending, then held by the breaker; the other vendor
    is served meanwhile; when the vendor is back the rows arrive without anybody's help."""
    port = free_port()

    async def scenario(ledger, alive):
        async with http_client() as client:
            settings = [
                HubSpotSettings(token="good", url=f"http://127.0.0.1:{port}"),
                MetaSettings(token="good", dataset="123", url=alive),
            ]
            connectors = connect(settings, Outside(client))
            dispatcher = Dispatcher(ledger, connectors, clock=_now, rng=seeded(), policy=POLICY)
            stop = asyncio.Event()
            running = asyncio.create_task(dispatcher.run(stop))
            # All are held but the one that may be out as a probe: on a slow disk, probe follows
            # probe so closely that three at once are hardly ever seen.
            await _until(lambda: ledger.counts().by_state["held"] >= 2)
            assert ledger.counts().by_destination["meta"] == {"delivered": 1}
            with serving(create_app(), port=port) as url:
                await _until(lambda: ledger.counts().by_state["delivered"] == 4)
                stop.set()
                await running
                state = await asyncio.to_thread(httpx.get, f"{url}/_state/hubspot")
            dispatcher.close()
        assert len(state.json()["objects"]["contacts"]) == 3

    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger, serving(create_app()) as alive:
        rows = [contact(n) for n in range(3)]
        ledger.enqueue(rows, destination="hubspot", action="upsert_contact", now=_now())
        one = [conversion(1, at=_now())]
        ledger.enqueue(one, destination="meta", action="send_event", now=_now())
        asyncio.run(scenario(ledger, alive))
        assert ledger.counts().balanced
