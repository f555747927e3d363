"""A ledger, a dispatcher and the sandbox behind a real server, for tests of one vendor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from reverse_etl.connectors import ConnectorSettings, Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow, State
from reverse_etl.reports import DispatchReport
from reverse_etl.retry import RetryPolicy
from reverse_etl.testing import seeded
from reverse_etl.tools import DispatchPolicy

QUICK = DispatchPolicy(
    retry=RetryPolicy(
        first=timedelta(milliseconds=20),
        longest=timedelta(milliseconds=100),
        jitter=timedelta(milliseconds=5),
    )
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Lab:
    """`url`: the sandbox, emptied."""

    url: str
    ledger: Ledger

    def put(self, *rows: ActivationRow) -> None:
        first = rows[0]
        self.ledger.enqueue(rows, destination=first.destination, action=first.action, now=_now())

    def drain(self, settings: ConnectorSettings, wait: float = 5.0) -> DispatchReport:
        async def run() -> DispatchReport:
            async with http_client() as client:
                dispatcher = Dispatcher(
                    self.ledger,
                    connect([settings], Outside(client)),
                    clock=_now,
                    rng=seeded(),
                    policy=QUICK,
                )
                try:
                    return await dispatcher.drain(timedelta(seconds=wait))
                finally:
                    dispatcher.close()

        return asyncio.run(run())

    def faults(self, *rules: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_faults", json={"rules": rules}).raise_for_status()

    def state(self, vendor: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/_state/{vendor}").json()
        return found

    def objects(self, vendor: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state(vendor)["objects"][kind]
        return found

    def states(self, destination: str) -> Sequence[tuple[State, str | None]]:
        rows = self.ledger.find(destination=destination)
        return [(row.state, row.code) for row in rows]

    def requests_noted(self, destination: str) -> str:
        """What the attempt log says of all requests."""
        rows = self.ledger.find(destination=destination)
        return "\n".join(
            attempt.request for row in rows for attempt in self.ledger.attempts(row.id)
        )


@contextmanager
def laboratory(url: str, folder: Path) -> Iterator[Lab]:
    httpx.post(f"{url}/_reset").raise_for_status()
    with Ledger.open(f"sqlite:///{folder}/ledger.db") as ledger:
        yield Lab(url, ledger)
        assert ledger.counts().balanced
