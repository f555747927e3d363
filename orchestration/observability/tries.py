"""Tries of deliveries since this process began, from the ledger: whoever made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from dbt_project.catalogue import catalogue
from ingestion.gateway.metrics import Histogram
from reverse_etl.ledger import Ledger

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0)
_PAGE: Final = 20_000
_OTHER: Final = "OTHER"
_GOOD: Final = "DELIVERED"


class TryTally:
    """Counters that begin at nothing, as Prometheus expects of a process that has started.

    On PostgreSQL a try that is committed after one with a higher number may be missed: these are
    rates to look at, the ledger is what counts.
    """

    def __init__(self) -> None:
        self._after: int | None = None
        self._tries: Counter[tuple[str, str, str, str]] = Counter()
        self._seconds: dict[str, Histogram] = {}
        self._last_batch: dict[str, str] = {}

    def follow(self, ledger: Ledger) -> None:
        """Count what has been tried since the last call, at most a page of it."""
        if self._after is None:
            self._after = ledger.gauges.last_try()
            return
        for tried in ledger.gauges.tries(after=self._after, most=_PAGE):
            self._after = tried.id
            self._tries[tried.destination, tried.action, tried.kind, bounded(tried.code)] += 1
            if self._last_batch.get(tried.destination) != tried.batch_id:
                self._last_batch[tried.destination] = tried.batch_id
                spent = self._seconds.setdefault(tried.destination, Histogram(_SECONDS))
                spent.observe(tried.milliseconds / 1000)

    def collect(self) -> Iterator[Metric]:
        """As Prometheus wants them."""
        family = CounterMetricFamily(
            "millrace_delivery_attempts",
            "Tries of deliveries by what the answer meant (kind) and its code.",
            labels=("destination", "action", "kind", "code"),
        )
        for labels, number in self._tries.items():
            family.add_metric(labels, number)
        yield family
        spent = HistogramMetricFamily(
            "millrace_delivery_request_seconds",
            "Time of the requests of one batch, from the first to the last answer.",
            labels=("destination",),
        )
        for name, histogram in self._seconds.items():
            spent.add_metric([name], histogram.buckets(), histogram.total)
        yield spent


def bounded(code: str) -> str:
    """A code of the catalogue: nobody outside can make new labels."""
    return code if code in catalogue() or code == _GOOD else _OTHER
