"""What the gateway counts, for Prometheus. Labels never hold anything a stranger can choose.

The numbers are kept in plain dictionaries and told when somebody asks: the client library's own
counters, with their locks and look-ups by label, cost a twentieth of a request.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE
from prometheus_client.registry import Collector

__all__ = ["MEDIA_TYPE", "GatewayMetrics", "Histogram"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


@dataclass(slots=True)
class Histogram:
    """How many values are at most as large as each bound."""

    bounds: Sequence[float]
    total: float = 0.0
    counts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound as text, and how many values are not above it."""
        bounds = [*map(str, map(float, self.bounds)), "+Inf"]
        return [
            (bound, float(count))
            for bound, count in zip(bounds, accumulate(self.counts), strict=True)
        ]

    def told(self, name: str, documentation: str) -> Metric:
        """As a metric without labels."""
        return HistogramMetricFamily(name, documentation, self.buckets(), self.total)


class GatewayMetrics(Collector):
    """The gateway's metrics. Everything is counted in the event loop, but for commits, which are
    counted in the writer's thread."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int, str]] = Counter()
        self._events: Counter[tuple[str, str]] = Counter()
        self._last_event: dict[str, float] = {}
        self._seconds = Histogram(_SECONDS)
        self._commit_seconds = Histogram(_SECONDS)
        self._commit_events = Histogram(_EVENTS)
        self._gauges: dict[str, Callable[[], int]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def request(self, source: str, status: int, code: str, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests[source, status, code] += 1
        self._seconds.observe(seconds)

    def events(self, source: str, accepted: int, duplicates: int) -> None:
        """Count events that were acknowledged."""
        if accepted:
            self._events[source, "accepted"] += accepted
            self._last_event[source] = time.time()
        if duplicates:
            self._events[source, "duplicate"] += duplicates

    def commit(self, events: int, seconds: float) -> None:
        """Note a group commit."""
        self._commit_events.observe(events)
        self._commit_seconds.observe(seconds)

    def watch(self, pending: Callable[[], int], in_flight: Callable[[], int]) -> None:
        """Read these whenever somebody asks."""
        self._gauges = {"pending": pending, "in_flight": in_flight}

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """See ``Collector``."""
        yield _counter(
            "millrace_gateway_requests",
            "Requests by answer; code is empty when accepted.",
            ("source", "status", "code"),
            self._requests,
        )
        yield _counter(
            "millrace_gateway_events", "Events acknowledged.", ("source", "result"), self._events
        )
        last = GaugeMetricFamily(
            "millrace_gateway_last_event_timestamp_seconds",
            "When an event of this source was last acknowledged, in seconds since 1970.",
            labels=("source",),
        )
        for source, seconds in self._last_event.items():
            last.add_metric((source,), seconds)
        yield last
        yield self._seconds.told(
            "millrace_gateway_request_seconds", "Time from the headers to the answer."
        )
        yield self._commit_seconds.told("millrace_log_commit_seconds", "Time of one group commit.")
        yield self._commit_events.told("millrace_log_commit_events", "Events in one group commit.")
        yield from self._watched()

    def _watched(self) -> Iterator[Metric]:
        for name, documentation, key in (
            ("millrace_log_pending_events", "Events that wait to be stored.", "pending"),
            ("millrace_gateway_requests_in_flight", "Requests being handled.", "in_flight"),
        ):
            if read := self._gauges.get(key):
                yield GaugeMetricFamily(name, documentation, read())


def _counter(
    name: str,
    documentation: str,
    labels: Sequence[str],
    counts: Mapping[tuple[str, int, str], int] | Mapping[tuple[str, str], int],
) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for values, count in counts.items():
        family.add_metric([str(value) for value in values], count)
    return family
