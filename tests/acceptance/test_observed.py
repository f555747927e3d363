"""Real processes, watched from outside: traces of both lanes, and what /metrics tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from acceptance_play import post, stage
from harness import Installation, wait_until
from prometheus_client.parser import text_string_to_metric_families
from support.collector import Collector, Told, collecting

from orchestration.bench.latency_traffic import leads
from orchestration.bench.requests import SECRETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def test_a_lead_is_one_trace_in_either_lane(
    installation: Installation, collector: Collector
) -> None:
    """From the webhook to the vendor's answer, by whatever processes it went: first the batch
    lane, then the fast one, which tells of itself at /metrics besides."""
    installation.environment |= {
        "MILLRACE_OTLP_ENDPOINT": collector.url,
        "MILLRACE_WEBHOOK_SECRET_TYPEFORM": SECRETS["typeform"],
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    installation.start_sandbox()
    service = installation.start_service()
    stage(service)
    first, second = leads(2, datetime.now(UTC))
    slow = post(service, first.webhook).headers["x-correlation-id"]
    installation.json("run")
    _expect(collector, slow, {"batch.load", "models", "decide", "ledger.enqueue"})

    installation.stop()
    installation.start_sandbox()
    service = installation.start_service(roles="gateway,fast-lane,dispatcher")
    quick = post(service, second.webhook).headers["x-correlation-id"]
    _expect(collector, quick, {"lane.batch", "models", "decide", "ledger.enqueue"})

    told = {
        sample.name: sample.value
        for family in text_string_to_metric_families(httpx.get(f"{service}/metrics").text)
        for sample in family.samples
    }
    assert told["millrace_lane_events_total"] > 0
    assert told["millrace_batch_last_success"] == 1
    assert told["millrace_readings_up"] == 1
    installation.json("run")  # the reports are of the deliveries before
    held = {each["about"]: each["ok"] for each in installation.json("status")["objectives"]}
    assert held["hubspot upsert_contact"] is True
    emails = [lead.email.encode() for lead in (first, second)]
    assert not any(email in body for body in collector.bodies for email in emails)


def _expect(collector: Collector, trace: str, lane: set[str]) -> None:
    wanted = {"gateway.receive", "delivery", "dispatch.request", *lane}

    def there() -> bool:
        return wanted <= {span.name for span in collector.spans(trace)}

    with suppress(AssertionError):
        wait_until(there, seconds=90, what="the spans of the lead")
    spans = collector.spans(trace)
    assert wanted <= {span.name for span in spans}
    assert {"gateway.receive"} == {span.name for span in _roots(spans)}


def _roots(spans: list[Told]) -> list[Told]:
    known = {span.id for span in spans}
    return [span for span in spans if span.parent not in known]
