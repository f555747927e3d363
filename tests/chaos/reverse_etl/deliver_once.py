"""A dispatcher in a process of its own, to be killed: deliver_once.py LEDGER URL CLOCK [POINT N].

CLOCK is a file with the seconds by which this machine's clock is wrong; it may change at any time.
With POINT the process kills itself when it comes to that point for the Nth time.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reverse_etl.connectors import (
    HubSpotSettings,
    MetaSettings,
    Outside,
    SalesforceSettings,
    SlackSettings,
    connect,
    http_client,
)
from reverse_etl.connectors.http import Endpoint
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.ledger import settle as settling
from reverse_etl.retry import RetryPolicy
from reverse_etl.tools import DispatchPolicy

POLICY = DispatchPolicy(
    retry=RetryPolicy(
        first=timedelta(milliseconds=20), longest=timedelta(milliseconds=200), limit=1000
    ),
    lease=timedelta(seconds=2),
    send_timeout=timedelta(seconds=1.5),
)


def _dies(number: int) -> Callable[[], None]:
    """To be called at the point: the Nth call is the last thing this process does."""
    left = [number]

    def pass_by() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return pass_by


def _before(owner: Any, name: str, pass_by: Callable[[], None]) -> None:
    """Come to the point before each call of a method."""
    act = getattr(owner, name)

    def then(*args: Any, **options: Any) -> Any:
        pass_by()
        return act(*args, **options)

    setattr(owner, name, then)


def _after(owner: Any, name: str, pass_by: Callable[[], None]) -> None:
    """Come to the point after each call that gave something, or gives nothing at all."""
    act = getattr(owner, name)

    def then(*args: Any, **options: Any) -> Any:
        given = act(*args, **options)
        if given is None or given:
            pass_by()
        return given

    setattr(owner, name, then)


def _around_send(pass_by: Callable[[], None], *, answered: bool) -> None:
    """Come to the point once a request is answered, or before each but the first of a batch."""
    send = Endpoint._send

    async def then(self: Endpoint, work: Any, *args: Any) -> Any:
        if work.calls and not answered:
            pass_by()
        answer = await send(self, work, *args)
        if answered:
            pass_by()
        return answer

    Endpoint._send = then


POINTS: dict[str, Callable[[Callable[[], None]], None]] = {
    "before_intent": lambda pass_by: _before(Ledger, "lease", pass_by),
    "after_intent": lambda pass_by: _after(Ledger, "lease", pass_by),
    "after_send": lambda pass_by: _around_send(pass_by, answered=True),
    "mid_batch": lambda pass_by: _around_send(pass_by, answered=False),
    "before_settle": lambda pass_by: _before(Ledger, "settle", pass_by),
    "before_commit": lambda pass_by: _after(settling, "settle", pass_by),
}


async def main(ledger_url: str, vendors: str, clock: str) -> None:
    place = {"url": vendors, "timeout": timedelta(milliseconds=500)}
    settings = [
        HubSpotSettings(**place, requests_per_10s=None),
        MetaSettings(**place, dataset="123"),
        SalesforceSettings(**place),
        SlackSettings(**place, requests_per_minute=None),
    ]

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(Path(clock).read_text() or 0))

    with Ledger.open(ledger_url) as ledger:
        async with http_client() as client:
            dispatcher = Dispatcher(
                ledger,
                connect(settings, Outside(client)),
                clock=now,
                rng=random.Random(),  # noqa: S311  # jitter
                policy=POLICY,
            )
            await dispatcher.drain(timedelta(seconds=15))
            dispatcher.close()


if __name__ == "__main__":
    if len(sys.argv) > 4:
        POINTS[sys.argv[4]](_dies(int(sys.argv[5])))
    asyncio.run(main(*sys.argv[1:4]))
