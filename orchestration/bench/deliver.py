"""`millrace bench deliver`: activation rows through ledger, dispatcher and HTTP to a sandbox."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from orchestration import logs
from orchestration.bench.machine import describe_machine, own_peak_memory_mb, versions
from orchestration.bench.vendors import running_vendors, slow_down, vendor_state
from orchestration.errors import BenchError
from orchestration.settings import Settings
from reverse_etl.connectors import (
    ConnectorSettings,
    HubSpotSettings,
    MetaSettings,
    Outside,
    connect,
    http_client,
)
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.model import ActivationRow
from reverse_etl.reports import DispatchReport
from reverse_etl.sandbox.server import free_port
from reverse_etl.testing import contact, conversion

Progress = Callable[[str], None]

WINDOW = 10  # seconds of HubSpot's limit
SLOW_MS = 300  # as long as a batch takes at a real CRM

METHOD = (
    "Contacts in a ledger of its own, sent by one dispatcher to a simulated HubSpot in another"
    " process of this machine, both over HTTP. `enqueue_seconds`: all rows into an empty ledger;"
    " `resync_seconds`: the same rows again, and a drain. `rows_per_second`: a drain without a"
    " limit. `limit_share`: the same from a new SQLite ledger under a limit of {limit} requests in"
    " 10 s on both sides: requests made by those that this rate allows in the time taken, from the"
    " start of the dispatcher to its end. `slow_limit_share`: the same for {part:,} rows when each"
    " batch is answered after {slow} ms, so that several have to be under way. `dead_neighbour`:"
    " seconds at the sandbox for {part:,} rows while another destination refuses connections, by"
    " the seconds without it, median of {rounds} pairs. `duplicates` are counted at the sandbox."
    " `peak_memory_mb` is of this process without a limit, the rows in its hands included."
)


@dataclass(frozen=True, slots=True)
class Size:
    """`rows` in all; `limit`: requests in 10 seconds; `database`: of the ledger, by default a new
    SQLite file."""

    rows: int = 100_000
    limit: int = 190
    database: str | None = None
    rounds: int = 3

    @property
    def part(self) -> int:
        """Rows of one round beside a dead destination."""
        return max(self.rows // 3, 1)


def measure_deliver(size: Size, progress: Progress) -> dict[str, Any]:
    """Everything the method tells of. Raises BenchError when rows stay behind."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        settings = Settings(home=Path(folder))
        database = size.database or settings.ledger_url
        with logs.to_file(settings):
            rows = [contact(number) for number in range(size.rows)]
            with closing(Ledger.open(database)) as ledger:
                told = _Bench(ledger, size, progress).without_limit(rows)
            with closing(Ledger.open(f"sqlite:///{folder}/limited.sqlite")) as ledger:
                told |= _Bench(ledger, size, progress).within_limit(rows)
            with closing(Ledger.open(f"sqlite:///{folder}/slow.sqlite")) as ledger:
                told |= _Bench(ledger, size, progress).slow_vendor(rows[: size.part])
    told["duplicates"] += told.pop("duplicates_within_limit")
    return {
        **told,
        "machine": describe_machine(),
        "versions": versions(database),
        "method": METHOD.format(limit=size.limit, part=size.part, rounds=size.rounds, slow=SLOW_MS),
    }


class _Bench:
    """One ledger, and vendors that come and go."""

    def __init__(self, ledger: Ledger, size: Size, progress: Progress) -> None:
        self.ledger = ledger
        self.size = size
        self.progress = progress

    def without_limit(self, rows: Sequence[ActivationRow]) -> dict[str, Any]:
        """As fast as it goes; then nothing that is new; then beside a destination that is down."""
        with running_vendors(limit=None) as url:
            self.progress(f"Enqueueing {len(rows):,} contacts")
            enqueued = self.enqueue(rows)
            self.progress("Delivering them without a limit")
            sent = self.drain([_hubspot(url, None)])
            self.progress("Enqueueing the same again")
            started = perf_counter()
            self.enqueue(rows)
            again = self.drain([_hubspot(url, None)])
            resync = perf_counter() - started
            memory = own_peak_memory_mb()
            self.progress("Delivering beside a destination that is down")
            ratio = self.dead_neighbour(rows, url)
            copies = _copies(url, "contacts", "millrace_id")
        return {
            "rows": len(rows),
            "rows_per_second": round(len(rows) / sent.seconds),
            "requests": sent.requests,
            "enqueue_seconds": round(enqueued, 2),
            "resync_seconds": round(resync, 2),
            "resync_requests": again.requests,
            "dead_neighbour": round(ratio, 3),
            "duplicates": copies,
            "peak_memory_mb": memory,
        }

    def within_limit(self, rows: Sequence[ActivationRow]) -> dict[str, Any]:
        """As fast as the vendor allows."""
        with running_vendors(limit=self.size.limit) as url:
            self.progress(f"Delivering to a limit of {self.size.limit} requests in {WINDOW} s")
            self.enqueue(rows)
            sent = self.drain([_hubspot(url, self.size.limit)])
            asked = Counter(entry["status"] for entry in vendor_state(url)["requests"])
            copies = _copies(url, "contacts", "millrace_id")
        allowed = self.size.limit * sent.seconds / WINDOW
        return {
            "limit_share": round(asked.total() / allowed, 3),
            "limited_seconds": round(sent.seconds, 2),
            "rate_limited": asked[429],
            "duplicates_within_limit": copies,
        }

    def slow_vendor(self, rows: Sequence[ActivationRow]) -> dict[str, Any]:
        """The same with a vendor that takes its time for each answer."""
        with running_vendors(limit=self.size.limit) as url:
            self.progress(f"Delivering {len(rows):,} to a vendor that takes {SLOW_MS} ms")
            slow_down(url, {"hubspot": SLOW_MS}, path="batch")
            self.enqueue(rows)
            sent = self.drain([_hubspot(url, self.size.limit)])
            asked = Counter(entry["status"] for entry in vendor_state(url)["requests"])
        allowed = self.size.limit * sent.seconds / WINDOW
        return {
            "slow_limit_share": round(asked.total() / allowed, 3),
            "slow_rate_limited": asked[429],
        }

    def enqueue(self, rows: Sequence[ActivationRow]) -> float:
        """Seconds to bring the ledger in line with rows of one table."""
        started = perf_counter()
        first = rows[0]
        self.ledger.enqueue(
            rows, destination=first.destination, action=first.action, now=datetime.now(UTC)
        )
        return perf_counter() - started

    def drain(self, settings: Sequence[ConnectorSettings]) -> _Drained:
        started = perf_counter()
        report = asyncio.run(self._drain(settings))
        seconds = perf_counter() - started
        own = report.by_destination["hubspot"]
        if own.pending or own.dead or own.held:
            raise BenchError(f"{own.pending + own.dead + own.held:,} rows were not delivered.")
        return _Drained(seconds, own.requests)

    async def _drain(self, settings: Sequence[ConnectorSettings]) -> DispatchReport:
        async with http_client() as client:
            dispatcher = Dispatcher(
                self.ledger,
                connect(settings, Outside(client)),
                clock=lambda: datetime.now(UTC),
                rng=random.Random(),  # noqa: S311  jitter, not a secret
            )
            with closing(dispatcher):
                return await dispatcher.drain(timedelta(seconds=5))

    def dead_neighbour(self, rows: Sequence[ActivationRow], url: str) -> float:
        """How much longer deliveries take while another destination cannot be reached."""
        dead = MetaSettings(url=f"http://127.0.0.1:{free_port()}")
        conversions = [conversion(n, at=datetime.now(UTC)) for n in range(self.size.part)]
        ratios = []
        for number in range(self.size.rounds):
            alone = self._round(rows, f"alone {number}", url, [_hubspot(url, None)])
            self.enqueue(conversions)
            beside = self._round(rows, f"beside {number}", url, [_hubspot(url, None), dead])
            ratios.append(beside / alone)
        return statistics.median(ratios)

    def _round(
        self,
        rows: Sequence[ActivationRow],
        name: str,
        url: str,
        settings: Sequence[ConnectorSettings],
    ) -> float:
        """Seconds from HubSpot's first request to its last, whatever another still waits for."""
        part = self.size.part
        changed = [contact(number, properties={"firstname": name}) for number in range(part)]
        self.enqueue([*changed, *rows[part:]])
        before = len(vendor_state(url)["requests"])
        self.drain(settings)
        asked = [entry["at"] for entry in vendor_state(url)["requests"][before:]]
        return float(asked[-1] - asked[0])


@dataclass(frozen=True, slots=True)
class _Drained:
    seconds: float
    requests: int


def _hubspot(url: str, limit: int | None) -> HubSpotSettings:
    return HubSpotSettings(url=url, requests_per_10s=limit)


def _copies(url: str, kind: str, key: str) -> int:
    """How many objects there are beside one of each key."""
    keys = [item["properties"][key] for item in vendor_state(url)["objects"][kind]]
    return len(keys) - len(set(keys))
