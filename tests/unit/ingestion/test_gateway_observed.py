"""What the gateway tells about itself and its requests."""

from __future__ import annotations

import pytest
from support.asgi import problem

from ingestion.errors import LogUnavailableError
from ingestion.gateway.correlation import correlation_id


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"x-correlation-id": "order-12345"}, "order-12345"),
        ({"x-correlation-id": "short"}, "generated-id"),
        ({"x-correlation-id": "a\tb c\nd e f"}, "generated-id"),
        ({"x-correlation-id": "x" * 129}, "generated-id"),
        (
            {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
            "0af7651916cd43dd8448eb211c80319c",
        ),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, "generated-id"),
    ],
)
def test_correlation_id(sent, expected):
    """A caller's id or trace is carried on when it is well-formed."""
    assert correlation_id(sent, lambda: "generated-id") == expected


def test_log_line(gateway, response):
    """Each request is one line of JSON with its facts, and nothing of the person."""
    gateway.send(response())
    [line] = gateway.logged()
    assert {"source": "typeform", "status": 200, "accepted": 1, "code": ""}.items() <= line.items()
    assert line["correlation_id"] == "generated-id"
    assert line["bytes"] == len(response().body)
    assert b"ada" not in gateway.lines.getvalue().lower()


def test_health(gateway):
    """The gateway says that it lives, and that it can store."""
    assert gateway.get("/health/live").json() == {"status": "live"}
    assert gateway.get("/health/ready").json() == {"status": "ready", "pending_events": 0}


def test_source_health(gateway, response, now):
    """A source tells when its last event came, and how many were refused and why."""
    gateway.send(response("1"), response("1"), response("2", secret="forged"))
    assert gateway.get("/health/webhooks/typeform").json() == {
        "source": "typeform",
        "secret_configured": True,
        "last_event_at": now.isoformat(),
        "last_position": 1,
        "gap_seconds": 0.0,
        "usual_gap_seconds": None,
        "silent": False,
        "lag_seconds": 0.123,
        "received": 2,
        "duplicates": 1,
        "rejected": {"SIGNATURE_INVALID": 1},
    }
    assert gateway.get("/health/webhooks/hubspot").json()["last_event_at"] is None
    assert problem(gateway.get("/health/webhooks/acme")) == (404, "SOURCE_UNKNOWN")


def test_metrics(gateway, response):
    """Requests, events and commits are counted for Prometheus."""
    gateway.send(response("1"), response("1"), response("2", secret="forged"))
    text = gateway.get("/metrics").text
    for line in (
        'millrace_gateway_requests_total{code="",source="typeform",status="200"} 2.0',
        'millrace_gateway_requests_total{code="SIGNATURE_INVALID",source="typeform",status="401"}',
        'millrace_gateway_events_total{result="accepted",source="typeform"} 1.0',
        'millrace_gateway_events_total{result="duplicate",source="typeform"} 1.0',
        "millrace_log_commit_events_sum 2.0",
        "millrace_gateway_request_seconds_count 3.0",
        "millrace_gateway_requests_in_flight 0.0",
        'millrace_gateway_last_event_timestamp_seconds{source="typeform"} 1',
    ):
        assert line in text


def test_error_catalogue(gateway):
    """Every code can be looked up with its meaning and its remedy."""
    catalogue = gateway.get("/v1/errors").json()
    errors = {error["code"]: error for error in catalogue["errors"]}
    assert errors["BODY_TOO_LARGE"]["status"] == 413
    assert LogUnavailableError.code in errors
    assert errors["FIELD_MISSING"]["class"] == "content"
    assert all(entry["meaning"] and entry["remedy"] for entry in errors.values())
