"""The service's metrics for Prometheus: what ledger, log and files say when somebody asks.

They are read at most every few seconds, more seldom where that takes long, by one thread. Who asks
meanwhile gets what was read before, and how old it is: a slow ledger never holds up a scrape.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingestion.errors import LogUnavailableError
from ingestion.event_log import EventLog
from orchestration import connections
from orchestration.errors import OrchestrationError
from orchestration.observability import families
from orchestration.observability.lanes import LaneTally
from orchestration.observability.readings import Reading, take
from orchestration.observability.tries import TryTally
from orchestration.settings import Settings
from reverse_etl.errors import LedgerError
from reverse_etl.ledger import Ledger

_log = structlog.get_logger("millrace.metrics")
_FRESH: Final = timedelta(seconds=5)
_SHARE: Final = 20  # of the time at most one part goes into reading
_PATIENCE_SECONDS: Final = 2.0
Clock = Callable[[], datetime]


class OperationsCollector(Collector):
    """What is told besides the gateway's own numbers. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        ledger: Ledger,
        lanes: LaneTally | None,
        *,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._log = log
        self._ledger = ledger
        self._lanes = lanes
        self._clock = clock
        self._tries = TryTally()
        self._reading: Reading | None = None
        self._up = False
        self._fresh = _FRESH
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
        self._under_way: Future[None] = self._thread.submit(self._refresh)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown()

    def collect(self) -> Iterator[Metric]:
        """See ``Collector``."""
        self._look()
        yield GaugeMetricFamily(
            "millrace_readings_up", "Whether ledger and log could be read last.", self._up
        )
        if self._lanes is not None:
            yield from self._lanes.collect()
        yield from self._tries.collect()
        if (reading := self._reading) is not None:
            yield families.age(reading, self._clock())
            yield from families.of(reading)

    def _look(self) -> None:
        """Read anew what is no longer fresh; who comes while somebody reads waits for that."""
        with self._lock:
            reading = self._reading
            if reading is not None and self._clock() - reading.taken_at < self._fresh:
                return
            if self._under_way.done():
                self._under_way = self._thread.submit(self._refresh)
            under_way = self._under_way
        wait([under_way], timeout=_PATIENCE_SECONDS)

    def _refresh(self) -> None:
        began = self._clock()
        try:
            self._tries.follow(self._ledger)
            self._reading = take(self._settings, self._log, self._ledger, now=began)
            self._up, self._fresh = True, max(_FRESH, _SHARE * (self._clock() - began))
        except (LedgerError, LogUnavailableError, OrchestrationError) as error:
            self._failed(error.code)
        except Exception as error:  # noqa: BLE001  # numbers may be missing, webhooks go on
            self._failed(type(error).__name__)

    def _failed(self, code: str) -> None:
        if self._up:
            _log.warning("metrics_not_read", code="METRICS_NOT_READ", cause=code)
        self._up = False


@contextmanager
def operations(
    settings: Settings, log: EventLog, lanes: LaneTally | None
) -> Iterator[Callable[[], bytes]]:
    """What gives these metrics in Prometheus' text format."""
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(connections.ledger(settings)))
        collector = stack.enter_context(closing(OperationsCollector(settings, log, ledger, lanes)))
        registry = CollectorRegistry()
        registry.register(collector)
        yield lambda: generate_latest(registry)
