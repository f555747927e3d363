"""The gateway, from request to log, through ASGI."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ingestion.errors import LogUnavailableError
from ingestion.event_log import CounterKey, EventLog
from ingestion.event_log.committer import CommitterLimits
from ingestion.gateway import GatewayConfig, create_app
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.request_log import request_log
from ingestion.sandbox import webhooks as sandbox
from ingestion.sandbox.signing import sign_hubspot

HOST = "https://leads.example.com"
STANDARD = sandbox.standard_secret("s")
SECRETS = {"typeform": ["t"], "hubspot": ["h"], "standard": [STANDARD]}


class Gateway:
    """A gateway on a log, with what it wrote about its requests."""

    def __init__(self, log: EventLog, now: Any, config: GatewayConfig) -> None:
        self.lines = io.BytesIO()
        self.app = create_app(
            config,
            log,
            lambda: now,
            new_id=lambda: "generated-id",
            requests=request_log(self.lines),
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the running gateway."""
        transport = httpx.ASGITransport(self.app)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url=HOST) as client,
        ):
            yield client

    def run(self, talk: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        """Start, talk, stop."""

        async def session() -> Any:
            async with self.client() as client:
                return await talk(client)

        return asyncio.run(session())

    def send(self, *requests: sandbox.SignedWebhook) -> list[httpx.Response]:
        """Send requests one after another."""

        async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
            return [await post(client, request) for request in requests]

        return self.run(talk)

    def get(self, path: str) -> httpx.Response:
        return self.run(lambda client: client.get(path))

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]


def post(client: httpx.AsyncClient, request: sandbox.SignedWebhook) -> Awaitable[httpx.Response]:
    return client.post(request.path, content=request.body, headers=dict(request.headers))


@pytest.fixture
def make(log, now):
    """Makes a gateway with other settings than usual."""

    def factory(log: Any = log, **settings: Any) -> Gateway:
        return Gateway(log, now, GatewayConfig(**{"secrets": SECRETS, **settings}))

    return factory


@pytest.fixture
def gateway(make):
    return make()


@pytest.fixture
def response(now):
    """A Typeform response of Ada's."""

    def factory(
        event_id: str = "01HX", secret: str = SECRETS["typeform"][0]
    ) -> sandbox.SignedWebhook:
        answers = sandbox.typeform_answers(email="ada@example.com", first_name="Ada")
        return sandbox.typeform_response(answers, now, event_id=event_id, secret=secret)

    return factory


def signed(body: bytes, now, source: str = "typeform", **changes: Any) -> sandbox.SignedWebhook:
    options = {
        "secret": SECRETS[source][0],
        "sent_at": now,
        "public_url": HOST,
        "event_id": "msg_1",
    }
    return sandbox.sign_body(source, body, **{**options, **changes})


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, after a look at the rest of the problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "remedy", "correlation_id"} == set(body)
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    assert body["status"] == answer.status_code
    assert body["remedy"]
    return answer.status_code, body["code"]


def test_accepted(gateway, log, response):
    """A signed webhook is stored as it came, then acknowledged."""
    [answer] = gateway.send(response())
    assert (answer.status_code, answer.json()) == (
        200,
        {"accepted": 1, "duplicates": 0, "correlation_id": "generated-id"},
    )
    [stored] = log.read()
    assert (stored.source, stored.event_key, stored.kind) == ("typeform", "01HX", "webhook")
    assert stored.body == response().body
    assert stored.correlation_id == answer.headers["x-correlation-id"] == "generated-id"


def test_duplicate(gateway, log, response):
    """A webhook sent again is acknowledged, counted, and not stored again."""
    _, answer = gateway.send(response(), response())
    assert (answer.status_code, answer.json()["duplicates"]) == (200, 1)
    assert log.count().count == 1


def test_batch(gateway, log, now):
    """A HubSpot batch is split into events that share one correlation id."""
    items = [
        sandbox.hubspot_contact_change(1, "email", "a@example.com", now, event_id=1),
        sandbox.hubspot_deal_change(2, "amount", "5", now, event_id=1),
    ]
    batch = sandbox.hubspot_batch(items, secret="h", public_url=HOST, sent_at=now)
    [answer] = gateway.send(batch)
    assert answer.json()["accepted"] == 2
    assert {stored.correlation_id for stored in log.read()} == {"generated-id"}


def test_standard(gateway, log, now):
    """A Standard Webhooks event is stored under its message id."""
    event = sandbox.standard_event("page_view", {}, now, event_id="msg_7", secret=STANDARD)
    assert gateway.send(event)[0].status_code == 200
    assert log.read()[0].event_key == "msg_7"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00", b"<html>"])
@pytest.mark.parametrize("source", sorted(SECRETS))
def test_no_json(gateway, log, now, source, body):
    """A signed body that is no JSON is kept: what was acknowledged can be looked into later."""
    [answer] = gateway.send(signed(body, now, source))
    assert answer.status_code == 200
    assert [stored.body for stored in log.read()] == [body]


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


def test_tolerance(make, now):
    """The tolerance of timestamps is a setting."""
    late = signed(b"[]", now, "hubspot", sent_at=now - timedelta(minutes=6))
    assert make(tolerance=timedelta(minutes=7)).send(late)[0].status_code == 200


def test_public_url(make, now):
    """Behind a proxy, the configured public address is the one that was signed."""
    public = "https://public.example.com/prefix"
    request = signed(b"[]", now, "hubspot", public_url=public)
    assert problem(make().send(request)[0]) == (401, "SIGNATURE_INVALID")
    assert make(public_url=public + "/").send(request)[0].status_code == 200


def test_query_is_signed(gateway, now):
    """An address with a query is signed with it, its escapes undone as HubSpot does."""
    headers = sign_hubspot(b"[]", "h", f"{HOST}/webhooks/hubspot?tag=a:b", now)
    request = sandbox.SignedWebhook("/webhooks/hubspot?tag=a%3Ab", headers, b"[]")
    assert gateway.send(request)[0].status_code == 200


def test_unknown_source(gateway, log, response):
    """An unknown source is refused; its name goes into no counter, metric or log line."""
    request = sandbox.SignedWebhook("/webhooks/ada%40example.com", {}, b"{}")
    assert problem(gateway.send(request)[0]) == (404, "SOURCE_UNKNOWN")
    assert log.counters() == {CounterKey("unknown", "rejected", "SOURCE_UNKNOWN"): 1}
    assert b"ada" not in gateway.lines.getvalue()


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
        self.entered = threading.Event()
        self.release = threading.Event()

    def append(self, events: Any, counters: Any = None) -> Any:
        self.entered.set()
        assert self.release.wait(10)
        return self._log.append(events, counters)

    def add_counters(self, deltas: Any) -> None:
        self._log.add_counters(deltas)


def test_overload(make, log, response):
    """When the log cannot keep up the vendor is asked to wait; what was taken is stored."""
    stuck = Stuck(log)
    gateway = make(stuck, limits=CommitterLimits(pending_events=1))

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        first = asyncio.ensure_future(post(client, response("1")))
        assert await asyncio.to_thread(stuck.entered.wait, 10)
        second = await post(client, response("2"))
        stuck.release.set()
        return [await first, second, await post(client, response("2"))]

    first, second, third = gateway.run(talk)
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

    gateway = make(Broken())
    [answer] = gateway.send(response())
    assert problem(answer) == (500, "INTERNAL_ERROR")
    assert "ada" not in answer.text


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


def test_credentials_are_not_kept(gateway, log, response):
    """Headers are stored with the event, except those that may carry credentials."""
    request = response()
    extra = {**request.headers, "Authorization": "Bearer x", "Cookie": "y", "X-Api-Key": "z"}
    gateway.send(sandbox.SignedWebhook(request.path, extra, request.body))
    kept = log.read()[0].headers
    assert "typeform-signature" in kept
    assert not {"authorization", "cookie", "x-api-key"} & set(kept)


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
        "lag_seconds": 0.0,
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


def test_wrong_address(gateway):
    """An address or method that does not exist is answered in the same form."""
    assert problem(gateway.get("/nothing")) == (404, "ROUTE_UNKNOWN")
    assert problem(gateway.get("/webhooks/typeform")) == (405, "METHOD_NOT_ALLOWED")
    answer = gateway.run(lambda client: client.post("/health/live"))
    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")


def test_restart(make, log, response):
    """After a stop and a start, an event taken before is still a duplicate."""
    make().send(response())
    assert make().send(response())[0].json()["duplicates"] == 1
