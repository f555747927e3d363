"""`POST /v1/events`: what is refused, with which code."""

from __future__ import annotations

import pytest
from support.api import FORM, problem

from ingestion.api.envelope import MAX_EVENT_BYTES, MAX_EVENTS
from ingestion.errors import LogUnavailableError


@pytest.mark.parametrize("name", ["hubspot", "standard", "millrace", "api", "gateway", "unknown"])
def test_taken_names(gateway, name):
    """Nobody writes events of a vendor, or of ours, with an API key."""
    every = gateway.key("*:write")
    assert problem(gateway.post(every, {**FORM, "source": name})) == (422, "EVENT_INVALID")
    assert gateway.log.count().count == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"type": None},
        {"type": ""},
        {"type": 5},
        {"type": "x" * 201},
        {"id": ""},
        {"id": 5},
        {"id": "a b"},
        {"id": "ä"},
        {"id": "a~b"},
        {"id": "x" * 201},
        {"source": "Webshop"},
        {"source": "web-shop"},
        {"source": ""},
        {"source": 5},
        {"source": "x" * 64},
        {"source": "webshop\n"},
        {"data": "x" * MAX_EVENT_BYTES},
    ],
)
def test_bad_envelope(gateway, key, changes):
    """An event whose envelope is wrong is refused, and its values are not repeated."""
    answer = gateway.post(key, {**FORM, **changes})
    assert problem(answer) == (422, "EVENT_INVALID")
    assert len(answer.text) < 600
    assert gateway.log.count().count == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "REQUEST_INVALID")),
        (b"{", (400, "REQUEST_INVALID")),
        (b"\xff", (400, "REQUEST_INVALID")),
        (b"NaN", (400, "REQUEST_INVALID")),
        (b"null", (400, "REQUEST_INVALID")),
        (b"[]", (400, "REQUEST_INVALID")),
        (b'{"events": []}', (400, "REQUEST_INVALID")),
        (b'{"events": {}}', (400, "REQUEST_INVALID")),
        (b'{"events": null}', (400, "REQUEST_INVALID")),
        (b'{"events": [{"type": "a"}], "source": "webshop"}', (400, "REQUEST_INVALID")),
        (b'{"events": [' + b"0," * MAX_EVENTS + b"0]}", (413, "BATCH_TOO_LARGE")),
        (b'{"type": "' + b"x" * 1_048_576 + b'"}', (413, "BODY_TOO_LARGE")),
        (b'{"type": "a", "data": ' + b"[" * 100 + b"]" * 100 + b"}", (400, "REQUEST_INVALID")),
        (b'{"type": "a", "data": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", (400, "REQUEST_INVALID")),
    ],
)
def test_bad_request(gateway, key, body, expected):
    """A request that cannot be read is refused as a whole."""
    assert problem(gateway.post(key, content=body)) == expected
    assert gateway.log.count().count == 0


def test_log_unavailable(gateway, key, monkeypatch):
    """When the log takes nothing, nothing is acknowledged and the client is told when to come."""

    def refuse(*_arguments):
        raise LogUnavailableError("The disk is full.")

    monkeypatch.setattr(gateway.log, "append", refuse)
    answer = gateway.post(key, FORM)
    assert problem(answer) == (503, "LOG_UNAVAILABLE")
    assert answer.headers["retry-after"] == "5"


def test_database_gone(gateway, key):
    """A key that cannot be looked up is no key: the request waits until it can."""
    with gateway.log.engines[1].begin() as connection:
        connection.exec_driver_sql("drop table api_keys")
    answer = gateway.post(key, FORM)
    assert problem(answer) == (503, "LOG_UNAVAILABLE")
    assert "select" not in answer.text.lower()


def test_defect(gateway, key, monkeypatch):
    """A defect of ours is a 500 that tells nothing of what was sent."""

    def fail(*_arguments):
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr(gateway.log, "append", fail)
    answer = gateway.post(key, FORM)
    assert problem(answer) == (500, "INTERNAL_ERROR")
    assert "ada" not in answer.text


def test_headers_too_large(make):
    """Headers are bounded before anything else is looked at."""
    gateway = make(max_header_bytes=1_000)
    answer = gateway.post(gateway.key("webshop:write"), FORM, headers={"x-filler": "x" * 1_000})
    assert problem(answer) == (431, "HEADERS_TOO_LARGE")


def test_too_many_at_once(make):
    """More requests at once than the gateway takes are sent away for a moment."""
    gateway = make(max_in_flight=0)
    answer = gateway.post(gateway.key("webshop:write"), FORM)
    assert problem(answer) == (503, "TOO_MANY_REQUESTS_IN_FLIGHT")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_method(gateway, key, method):
    """Events are sent by POST alone."""
    answer = gateway.run(key, lambda client: client.request(method, "/v1/events"))
    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")
