"""Spans to a collector, by OpenTelemetry's OTLP over HTTP: off, and not imported, unless
`MILLRACE_OTLP_ENDPOINT` is set.

Exporting is a thread's business: who tells of a span hands it to a queue, and what the queue
cannot hold is dropped. The variables `OTEL_*` of the SDK hold, among them
`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER` and `OTEL_BSP_*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ingestion.gateway.request_log import RequestLog
from orchestration.observability import telling
from orchestration.observability.spans import Span
from orchestration.settings import Settings
from reverse_etl.tools import Observe

if TYPE_CHECKING:
    from orchestration.fast_lane import worker

Emit = Callable[[Iterable[Span]], None]


class Tracer(Protocol):
    """Takes spans; `close` sends what is left."""

    def emit(self, spans: Iterable[Span]) -> None: ...

    def close(self) -> None: ...


def open_tracer(endpoint: str, role: str) -> Tracer:
    """A way to the collector. `role`: which part of Millrace this is, e.g. `gateway`."""
    from orchestration.observability.otlp import OtlpTracer  # late: takes a fifth of a second

    return OtlpTracer(endpoint, role)


@contextmanager
def tracing(settings: Settings, role: str) -> Iterator[Emit | None]:
    """What takes spans, until the end sends what is left; None where no collector is named."""
    if not settings.otlp_endpoint:
        yield None
        return
    with closing(open_tracer(settings.otlp_endpoint, role)) as made:
        yield made.emit


def of_gateway(emit: Emit | None, lines: RequestLog) -> RequestLog:
    """A request log that tells of spans besides; the same one where nobody wants them."""
    return TracedRequests(lines, emit) if emit else lines


def of_lane(emit: Emit | None) -> worker.Observe | None:
    """What the fast lane calls after each micro-batch."""
    return emit and (lambda rows, done, began: emit(telling.worked(rows, done, began)))


def of_dispatcher(emit: Emit | None) -> Observe | None:
    """What the dispatcher calls for rows that were settled."""
    return emit and (lambda settled, now: emit(telling.attempted(settled, now)))


class TracedRequests:
    """The gateway's request log, told as spans besides."""

    def __init__(self, lines: RequestLog, emit: Emit) -> None:
        self._lines = lines
        self._emit = emit

    def info(self, event: str, **facts: Any) -> None:
        """Write the line, and hand its span over."""
        self._lines.info(event, **facts)
        self._emit((telling.received(facts),))
