"""Traces: gateway, lanes and dispatcher tell of one lead under one id, without a word between."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.api import FORM, ApiGateway
from support.collector import Collector, Told, collecting

from ingestion.event_log.model import LogRow
from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig
from ingestion.gateway.request_log import request_log
from orchestration.fast_lane.lane import Worked
from orchestration.observability import batch, tracing
from orchestration.observability.batch import Step, of_leads
from orchestration.observability.spans import SpanKey, receipt
from orchestration.settings import Settings
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.model import Kind, Outcome
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECOND = timedelta(seconds=1)
PERSONAL = (b"ada@example.com", b"lead1@example.com", b"person-1")
ERROR = Outcome(Kind.PERMANENT, "VALIDATION_ERROR", "lead1@example.com is wrong", status=400)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def settings(collector: Collector, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, otlp_endpoint=collector.url)


class TracedGateway(ApiGateway):
    """A gateway whose requests are traced."""

    def __init__(self, url: str, emit: tracing.Emit) -> None:
        super().__init__(url)
        self.app = create_app(
            GatewayConfig(),
            self.log,
            self.clock,
            requests=tracing.TracedRequests(request_log(self.lines), emit),
        )


def receive(settings: Settings, *, times: int = 1) -> LogRow:
    """A form comes in, with the trace of whoever sent it; the event that it became."""
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    document = FORM | {"data": {"email": "ada@example.com"}}
    with tracing.tracing(settings, "gateway") as emit:
        assert emit
        with closing(TracedGateway(settings.log_url, emit)) as gateway:
            key = gateway.key("webshop:write")
            for _ in range(times):
                assert gateway.post(key, document, headers=headers).is_success
            [row] = gateway.log.rows(after=0, limit=10)
    return row


def work(settings: Settings, *rows: LogRow) -> None:
    """The fast lane works these events off."""
    laps = {"people": 1.0, "models": 2.0, "decisions": 3.0, "reading": 1.0, "ledger": 4.0}
    done = Worked(len(rows), rows[-1].position, 1, 1, 1, 1, 1, laps)
    with tracing.tracing(settings, "fast-lane") as emit:
        observe = tracing.of_lane(emit)
        assert observe
        observe(rows, done, NOON)


def dispatch(settings: Settings, script: Any = lambda *_: None) -> None:
    """The contact of that person is recorded, and sent."""
    clock = ManualTime()
    with Ledger.open(settings.ledger_url) as ledger, tracing.tracing(settings, "dispatcher") as it:
        row = replace(contact(1), correlation_id=TRACE)
        ledger.enqueue([row], destination=row.destination, action=row.action, now=NOON)
        vendor = ScriptedConnector(script=script)
        made = Dispatcher(
            ledger,
            {vendor.destination: vendor},
            clock=clock,
            rng=seeded(),
            sleep=clock.sleep,
            observe=tracing.of_dispatcher(it),
        )
        with closing(made):
            asyncio.run(made.drain(timedelta(seconds=200)))


def unbroken(spans: list[Told]) -> bool:
    """Whether each span but the root is inside another one of the trace."""
    known = {span.id for span in spans}
    return [s.name for s in spans if s.parent not in known] == ["gateway.receive"]


def test_a_lead_is_one_trace_from_the_gateway_to_the_vendor(
    settings: Settings, collector: Collector
) -> None:
    """Three processes that know nothing but the correlation id make one tree, without a word of
    the person."""
    row = receive(settings)
    work(settings, row)
    dispatch(settings)

    spans = collector.spans(TRACE)
    told = {(span.role, span.name) for span in spans}
    assert {
        ("gateway", "gateway.receive"),
        ("fast-lane", "lane.batch"),
        ("fast-lane", "models"),
        ("fast-lane", "decide"),
        ("fast-lane", "ledger.enqueue"),
        ("dispatcher", "delivery"),
        ("dispatcher", "dispatch.request"),
    } == told
    assert len(told) == len(spans) == len({span.id for span in spans})
    assert unbroken(spans)
    [request] = [span for span in spans if span.name == "dispatch.request"]
    about = {"destination": "hubspot", "action": "upsert_contact", "state": "delivered"}
    assert {f"millrace.{name}": value for name, value in about.items()} == {
        f"millrace.{name}": request.attributes[f"millrace.{name}"] for name in about
    }
    assert 1 == request.attributes["millrace.attempt"]
    assert not any(word in body.lower() for body in collector.bodies for word in PERSONAL)


def test_the_batch_lane_stands_in_the_same_trace(settings: Settings, collector: Collector) -> None:
    """Load, build, decisions and record are those of the run, linked; a lead of two tables was
    loaded only once."""
    receive(settings)
    before = [
        Step("run-1", key, NOON + n * SECOND, NOON + (n + 1) * SECOND)
        for n, key in enumerate(("event_log", "dbt", "log__mql_decisions"))
    ]
    with tracing.tracing(settings, "batch") as emit:
        assert emit
        for table in ("contact", "task"):
            record = Step("run-1", f"ledger__{table}", NOON + 4 * SECOND, NOON + 5 * SECOND)
            emit(of_leads([TRACE], record, before))
    dispatch(settings)

    spans = collector.spans(TRACE)
    batched = [(span.name, span.links) for span in spans if span.role == "batch"]
    assert [
        ("batch.load", 1),
        ("models", 1),
        ("decide", 1),
        ("ledger.enqueue", 1),
        ("ledger.enqueue", 1),
    ] == batched
    assert unbroken(spans)


def test_a_failure_is_told_by_its_code(settings: Settings, collector: Collector) -> None:
    """What the vendor said may name the person: the trace has the code and the status alone."""
    dispatch(settings, lambda *_: ERROR)
    failed = {span.name: span.attributes for span in collector.spans(TRACE) if span.failed}
    assert {"delivery", "dispatch.request"} == failed.keys()
    assert "VALIDATION_ERROR" == failed["dispatch.request"]["millrace.code"]
    assert 400 == failed["dispatch.request"]["http.response.status_code"]
    assert "dead" == failed["delivery"]["millrace.state"]
    assert not any(word in body.lower() for body in collector.bodies for word in PERSONAL)


def test_what_is_sent_again_is_no_second_root(settings: Settings, collector: Collector) -> None:
    """A repeat that brought nothing new has a span of its own."""
    receive(settings, times=2)
    names = [span.name for span in collector.spans(TRACE)]
    assert ["gateway.receive", "gateway.repeat"] == sorted(names)


def test_what_is_refused_is_no_root_either(settings: Settings, collector: Collector) -> None:
    """Its span has the code of the refusal, and the correlation id to look for."""
    with tracing.tracing(settings, "gateway") as emit:
        assert emit
        with closing(TracedGateway(settings.log_url, emit)) as gateway:
            gateway.post("mr_nobody", FORM, headers={"x-correlation-id": "0151-23456789"})
    [span] = collector.spans()
    assert ("gateway.refused", True) == (span.name, span.failed)
    assert "API_KEY_INVALID" == span.attributes["millrace.code"]
    assert "<phone>" == span.attributes["millrace.correlation_id"]


def test_a_large_batch_tells_of_each_lead_once(settings: Settings, collector: Collector) -> None:
    """So that a flood of leads is no flood of spans; the steps are in the work's own trace."""
    row = receive(settings)
    work(settings, *(row._replace(position=n, correlation_id=f"lead-{n}") for n in range(1, 101)))
    names = [span.name for span in collector.spans() if span.role == "fast-lane"]
    assert 101 == names.count("lane.batch")
    assert 1 == names.count("models")


def test_sampling_keeps_or_drops_whole_traces(
    settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sampler of the standard variables decides by the trace's id, in every process alike."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    row = receive(settings)
    leads = [row._replace(position=n, correlation_id=f"{n:016x}{n:016x}") for n in range(1, 9)]
    far = [row._replace(position=n, correlation_id=f"{n:016x}{'f' * 16}") for n in range(1, 9)]
    for lead in (*leads, *far):
        work(settings, lead)
    kept = {span.trace for span in collector.spans()}
    assert {lead.correlation_id for lead in leads} <= kept
    assert not {lead.correlation_id for lead in far} & kept
    for lead in leads:
        names = [span.name for span in collector.spans(lead.correlation_id)]
        assert 1 == names.count("lane.batch") == names.count("models")


def test_a_collector_that_is_away_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spans are handed to a thread; that they did not get through is said once, with a code."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    settings = Settings(home=tmp_path, otlp_endpoint="http://127.0.0.1:9")
    with capture_logs() as said, tracing.tracing(settings, "gateway") as emit:
        assert emit
        began = time.perf_counter()
        for n in range(100):
            emit(of_leads([f"lead-{n}"], Step("run", "ledger__x", NOON, NOON), []))
        assert time.perf_counter() - began < 0.5
    assert ["TRACES_NOT_EXPORTED"] == [line["code"] for line in said]


def test_off_costs_nothing(tmp_path: Path) -> None:
    """Without a collector no hook is set, and the SDK is not even imported."""
    with tracing.tracing(Settings(home=tmp_path), "gateway") as emit:
        lines = request_log()
        assert (None, lines, None, None) == (
            emit,
            tracing.of_gateway(emit, lines),
            tracing.of_lane(emit),
            tracing.of_dispatcher(emit),
        )
    assert () == batch.tracing_hooks()
    program = (
        "import sys, orchestration.service, orchestration.fast_lane.process;"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "[]" == told.stdout.strip()


@pytest.mark.parametrize("correlation_id", ["order-12345", "0" * 32, TRACE.upper(), "x" * 128])
def test_any_correlation_id_has_a_trace(correlation_id: str) -> None:
    """One that is no trace id itself stands for one, always the same and never the invalid one."""
    key = receipt(correlation_id)
    assert 0 < key.trace_id < 2**128
    assert key.trace_id == SpanKey(correlation_id, "models").trace_id != receipt(TRACE).trace_id
    assert 0 < key.span_id < 2**64
