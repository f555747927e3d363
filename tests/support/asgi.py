"""The gateway on a log of the test's own, spoken to through ASGI."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ingestion.event_log import EventLog
from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig
from ingestion.gateway.request_log import request_log
from ingestion.sandbox import webhooks as sandbox

HOST = "https://leads.example.com"
STANDARD = sandbox.standard_secret("s")
SECRETS = {"typeform": ["t"], "hubspot": ["h"], "standard": [STANDARD], "slack": ["k"]}


class Gateway:
    """A gateway on a log, with what it wrote about its requests."""

    def __init__(self, log: EventLog, now: Any, config: GatewayConfig) -> None:
        self.lines = io.BytesIO()
        self.now = now
        self.app = create_app(
            config,
            log,
            lambda: self.now,
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
