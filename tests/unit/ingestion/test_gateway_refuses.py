"""What the gateway does not take, and what it says about it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.asgi import post, problem, signed

from ingestion.event_log import CounterKey, EventLog
from ingestion.event_log.committer import CommitterLimits
from ingestion.gateway.rate import Rate
from ingestion.sandbox import webhooks as sandbox


def test_bad_signature(gateway, log, response):
    """A forged request is refused, counted, and not stored."""
    [answer] = gateway.send(response(secret="forged"))
    assert problem(answer) == (401, "SIGNATURE_INVALID")
    assert log.head() == 0
    assert log.counters() == {CounterKey("typeform", "rejected", "SIGNATURE_INVALID"): 1}


def test_stale(gateway, now):
    """A request signed long ago is refused by its own code."""
    [answer] = gateway.send(signed(b"[]", now, "hubspot", sent_at=now - timedelta(minutes=6)))
    assert problem(answer) == (401, "TIMESTAMP_STALE")


def test_unknown_source(gateway, log, response):
    """An unknown source is refused; its name goes into no counter, metric or log line."""
    request = sandbox.SignedWebhook("/webhooks/ada%40example.com", {}, b"{}")
    assert problem(gateway.send(request)[0]) == (404, "SOURCE_UNKNOWN")
    assert log.counters() == {CounterKey("unknown", "rejected", "SOURCE_UNKNOWN"): 1}
    assert b"ada" not in gateway.lines.getvalue()


@pytest.mark.parametrize("name", ["typefrom", "typeform/", "Typeform"])
def test_misspelt_source(gateway, log, response, name):
    """A vendor that posts to a wrong name gets 503: at 404 some switch the webhook off at once."""
    request = response()
    answer = gateway.send(sandbox.SignedWebhook(f"/webhooks/{name}", request.headers, b"{}"))[0]
    assert problem(answer) == (503, "SOURCE_NOT_CONFIGURED")
    assert answer.headers["retry-after"] == "60"
    assert log.head() == 0


@pytest.mark.parametrize("secrets", [{}, {"typeform": []}, {"typeform": [" "]}])
def test_missing_secret(make, log, response, secrets):
    """Without a secret a known source gets 503: the vendor sends again, nothing is lost."""
    [answer] = make(secrets=secrets).send(response())
    assert problem(answer) == (503, "SECRET_MISSING")
    assert answer.headers["retry-after"] == "60"
    assert log.head() == 0


def test_too_large(make, log, now):
    """A body over the limit is refused; one at the limit is taken."""
    gateway = make(max_body_bytes=100)
    large, fits = gateway.send(signed(b"x" * 101, now), signed(b"x" * 100, now))
    assert problem(large) == (413, "BODY_TOO_LARGE")
    assert fits.status_code == 200


def test_too_large_is_cut_early(make):
    """A body without a declared length is read no further than the limit."""
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        while len(sent) < 1_000:
            sent.append(1)
            yield b"x" * 60

    gateway = make(max_body_bytes=100)
    answer = gateway.run(lambda client: client.post("/webhooks/typeform", content=endless()))
    assert problem(answer) == (413, "BODY_TOO_LARGE")
    assert len(sent) == 2


def test_slow_body(make):
    """A body that does not arrive in time is refused."""

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    gateway = make(body_timeout=timedelta(milliseconds=20))
    answer = gateway.run(lambda client: client.post("/webhooks/typeform", content=slow()))
    assert problem(answer) == (408, "BODY_TIMEOUT")


def test_client_gone(gateway, log):
    """A client that hangs up before its body is complete is noted, and nothing is stored."""

    async def talk(_client: httpx.AsyncClient) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            raise AssertionError(message)

        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "https",
            "path": "/webhooks/typeform",
            "query_string": b"",
            "headers": [],
        }
        await gateway.app(scope, receive, send)

    gateway.run(talk)
    assert [(line["status"], line["code"]) for line in gateway.logged()] == [(499, "CLIENT_GONE")]
    assert log.head() == 0


class Stuck:
    """A log whose writes wait until the test lets them through."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.engines = log.engines
        self.entered = threading.Event()
        self.release = threading.Event()

    def append(self, events: Any, counters: Any = None) -> Any:
        self.entered.set()
        assert self.release.wait(10)
        return self._log.append(events, counters)

    def add_counters(self, deltas: Any) -> None:
        self._log.add_counters(deltas)


def one_while_stuck(gateway, stuck, response):
    """The answers to a request that waits for the log, one that comes meanwhile, and the same one
    again when the log goes on."""

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        first = asyncio.ensure_future(post(client, response("1")))
        assert await asyncio.to_thread(stuck.entered.wait, 10)
        second = await post(client, response("2"))
        stuck.release.set()
        return [await first, second, await post(client, response("2"))]

    return gateway.run(talk)


def test_overload(make, log, response):
    """When the log cannot keep up the vendor is asked to wait; what was taken is stored."""
    stuck = Stuck(log)
    gateway = make(stuck, limits=CommitterLimits(pending_events=1))

    first, second, third = one_while_stuck(gateway, stuck, response)
    assert problem(second) == (503, "OVERLOADED")
    assert second.headers["retry-after"] == "1"
    assert (first.status_code, third.status_code, log.count().count) == (200, 200, 2)


def test_read_only_log(gateway, log, response):
    """A log that cannot be written gives 503, acknowledges nothing, and makes us not ready."""
    with log._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=1")

    async def talk(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        return await post(client, response()), await client.get("/health/ready")

    refused, ready = gateway.run(talk)
    assert problem(refused) == problem(ready) == (503, "LOG_UNAVAILABLE")
    assert refused.headers["retry-after"] == "5"
    assert log.head() == 0


def test_internal_error(make, log, response):
    """A defect of ours is answered by a problem, without a trace, and raised to the server."""

    class Broken:
        def append(self, events: Any, counters: Any = None) -> Any:
            raise RuntimeError("ada@example.com")

        add_counters = log.add_counters
        engines = log.engines

    gateway = make(Broken())
    [answer] = gateway.send(response())
    assert problem(answer) == (500, "INTERNAL_ERROR")
    assert "ada" not in answer.text


def test_wrong_address(gateway):
    """An address or method that does not exist is answered in the same form."""
    assert problem(gateway.get("/nothing")) == (404, "ROUTE_UNKNOWN")
    assert problem(gateway.get("/webhooks/typeform")) == (405, "METHOD_NOT_ALLOWED")
    answer = gateway.run(lambda client: client.post("/health/live"))
    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")


def test_large_headers(make, log, response):
    """Headers over the limit are refused before the body is looked at."""
    request = response()
    headers = {**request.headers, "x-padding": "a" * 40_000}
    answer = make().send(sandbox.SignedWebhook(request.path, headers, request.body))[0]
    assert problem(answer) == (431, "HEADERS_TOO_LARGE")
    assert log.head() == 0


def test_too_many_at_once(make, log, response):
    """Requests over the limit are asked to come again; the ones under way are not disturbed, and
    the next is taken when they are done."""
    stuck = Stuck(log)
    gateway = make(stuck, max_in_flight=1)

    first, second, third = one_while_stuck(gateway, stuck, response)
    assert problem(second) == (503, "TOO_MANY_REQUESTS_IN_FLIGHT")
    assert second.headers["retry-after"] == "1"
    assert (first.status_code, third.status_code, log.count().count) == (200, 200, 2)


def test_rate_of_a_source(make, log, response, now):
    """A source over its rate is asked to wait; forged requests do not use its rate up, and other
    sources have their own."""
    gateway = make(source_rate=Rate(1, timedelta(seconds=10)))

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        requests = response("1", secret="forged"), response("1"), response("2")
        answers = [await post(client, request) for request in requests]
        answers.append(await post(client, signed(b"[]", now, "hubspot")))
        gateway.now += timedelta(seconds=10)
        return [*answers, await post(client, response("2"))]

    forged, first, second, other, later = gateway.run(talk)
    assert (forged.status_code, first.status_code, other.status_code) == (401, 200, 200)
    assert problem(second) == (429, "RATE_LIMITED")
    assert second.headers["retry-after"] == "10"
    assert later.status_code == 200
    assert log.head() == 2
