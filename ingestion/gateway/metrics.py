"""What the gateway counts, for Prometheus. Labels never hold anything a stranger can choose."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE

__all__ = ["MEDIA_TYPE", "GatewayMetrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class GatewayMetrics:
    """The gateway's metrics, in a registry of their own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._children: dict[tuple[object, ...], Counter] = {}
        self._registry = registry
        self._requests = Counter(
            "millrace_gateway_requests",
            "Webhook requests by answer; code is empty when accepted.",
            ("source", "status", "code"),
            registry=registry,
        )
        self._events = Counter(
            "millrace_gateway_events",
            "Events acknowledged.",
            ("source", "result"),
            registry=registry,
        )
        self._seconds = Histogram(
            "millrace_gateway_request_seconds",
            "Time from the first byte to the answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._commit_seconds = Histogram(
            "millrace_log_commit_seconds",
            "Time of one group commit.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._commit_events = Histogram(
            "millrace_log_commit_events",
            "Events in one group commit.",
            buckets=_EVENTS,
            registry=registry,
        )
        self._pending = Gauge(
            "millrace_log_pending_events",
            "Events that wait to be stored.",
            registry=registry,
        )
        self._in_flight = Gauge(
            "millrace_gateway_requests_in_flight",
            "Requests that are being handled.",
            registry=registry,
        )
        self._last_event = Gauge(
            "millrace_gateway_last_event_timestamp_seconds",
            "When an event of this source was last acknowledged, in seconds since 1970.",
            ("source",),
            registry=registry,
        )

    def request(self, source: str, status: int, code: str, seconds: float) -> None:
        """Count a request that was answered."""
        self._child(self._requests, source, status, code).inc()
        self._seconds.observe(seconds)

    def events(self, source: str, accepted: int, duplicates: int) -> None:
        """Count events that were acknowledged."""
        if accepted:
            self._child(self._events, source, "accepted").inc(accepted)
            self._last_event.labels(source).set_to_current_time()
        if duplicates:
            self._child(self._events, source, "duplicate").inc(duplicates)

    def _child(self, counter: Counter, *labels: object) -> Counter:
        """The counter of these labels; to look it up there costs more than to count."""
        key = (counter, *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = counter.labels(*labels)
        return child

    def commit(self, events: int, seconds: float) -> None:
        """Note a group commit."""
        self._commit_events.observe(events)
        self._commit_seconds.observe(seconds)

    def watch(self, pending: Callable[[], int], in_flight: Callable[[], int]) -> None:
        """Read these whenever somebody asks."""
        self._pending.set_function(pending)
        self._in_flight.set_function(in_flight)

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)
