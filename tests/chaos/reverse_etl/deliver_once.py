"""A dispatcher in a process of its own, to be killed: python deliver_once.py LEDGER URL."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta

from reverse_etl.connectors import HubSpotSettings, MetaSettings, Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.retry import RetryPolicy
from reverse_etl.tools import DispatchPolicy

POLICY = DispatchPolicy(
    retry=RetryPolicy(
        first=timedelta(milliseconds=20), longest=timedelta(milliseconds=200), limit=100
    ),
    lease=timedelta(seconds=2),
    send_timeout=timedelta(seconds=1.5),
)


async def main(ledger_url: str, vendors: str) -> None:
    timeout = timedelta(milliseconds=500)
    settings = [
        HubSpotSettings(token="good", url=vendors, requests_per_10s=None, timeout=timeout),
        MetaSettings(token="good", dataset="123", url=vendors, timeout=timeout),
    ]
    with Ledger.open(ledger_url) as ledger:
        async with http_client() as client:
            dispatcher = Dispatcher(
                ledger,
                connect(settings, Outside(client)),
                clock=lambda: datetime.now(UTC),
                rng=random.Random(),  # noqa: S311  # jitter
                policy=POLICY,
            )
            await dispatcher.drain(timedelta(seconds=15))
            dispatcher.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
