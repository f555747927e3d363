"""OpenTelemetry's SDK, with ids that are given to it. Importing this imports the SDK."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from orchestration.observability.spans import Span, SpanKey

_log = structlog.get_logger("millrace.tracing")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_PATH: Final = "/v1/traces"
_CODE: Final = "TRACES_NOT_EXPORTED"


class OtlpTracer:
    """Sends spans from a thread of its own. `endpoint`: the collector's base address, or the one
    of its traces."""

    def __init__(self, endpoint: str, role: str) -> None:
        address = endpoint.rstrip("/")
        address = address if address.endswith(_PATH) else address + _PATH
        self._ids = _GivenIds()
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: "millrace", "millrace.role": role}),
            id_generator=self._ids,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(_Telling(OTLPSpanExporter(endpoint=address)))
        )
        self._tracer = self._provider.get_tracer("millrace")

    def emit(self, spans: Iterable[Span]) -> None:
        """Hand spans over; never waits for the collector."""
        for span in spans:
            self._emit(span)

    def close(self) -> None:
        """Send what is left, and stop."""
        self._provider.shutdown()

    def _emit(self, span: Span) -> None:
        self._ids.given = span.key
        made = self._tracer.start_span(
            span.key.name,
            context=self._inside(span.parent),
            links=[Link(self._context(span.link))] if span.link else (),
            attributes=dict(span.attributes),
            start_time=_nanoseconds(span.start),
        )
        if span.code:
            made.set_attribute("millrace.code", span.code)
            made.set_status(Status(StatusCode.ERROR, span.code))
        made.end(end_time=_nanoseconds(max(span.end, span.start)))

    def _inside(self, parent: SpanKey | None) -> Context | None:
        return set_span_in_context(NonRecordingSpan(self._context(parent))) if parent else None

    def _context(self, key: SpanKey) -> SpanContext:
        # Whether a trace is sampled follows from its id, so all processes decide alike.
        decision = self._provider.sampler.should_sample(None, key.trace_id, key.name).decision
        flags = TraceFlags(decision is Decision.RECORD_AND_SAMPLE)
        return SpanContext(key.trace_id, key.span_id, is_remote=True, trace_flags=flags)


class _GivenIds(threading.local, IdGenerator):
    """The ids of the span that this thread tells of."""

    given: SpanKey

    def generate_span_id(self) -> int:
        return self.given.span_id

    def generate_trace_id(self) -> int:
        return self.given.trace_id


class _Telling(SpanExporter):
    """Says once, and not each few seconds, that the collector cannot be reached."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            _log.warning("traces_not_exported", code=_CODE, spans=len(spans))
        self._failing = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND * 1_000
