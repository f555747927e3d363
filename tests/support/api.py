"""A gateway with its API on a log of the test's own, spoken to through ASGI."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ingestion.api.keys import KeyStore
from ingestion.api.scopes import Scope
from ingestion.event_log import EventLog
from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig
from ingestion.gateway.request_log import request_log

HOST = "https://leads.example.com"
START = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
FORM = {
    "type": "form_submit",
    "id": "form-1",
    "timestamp": "2026-03-01T11:00:00Z",
    "data": {"email": "ada@example.com"},
}


class Clock:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class ApiGateway:
    """A gateway, its keys, and what it wrote about its requests."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.clock = Clock()
        self.lines = io.BytesIO()
        self.log = EventLog.open(url)
        self.keys = KeyStore(*self.log.engines)
        self.app = create_app(
            GatewayConfig(**settings),
            self.log,
            self.clock,
            new_id=_ids(),
            requests=request_log(self.lines),
        )

    def key(self, *scopes: str, **options: Any) -> str:
        """The text of a new key."""
        wanted = [Scope.parse(text) for text in scopes]
        return self.keys.create("test", wanted, self.clock(), **options)[1]

    @asynccontextmanager
    async def client(self, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the running gateway."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as client:
            yield client

    def run(self, key: str | None, talk: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        """Talk to it."""

        async def session() -> Any:
            async with self.client(key) as client:
                return await talk(client)

        return asyncio.run(session())

    def post(self, key: str | None, document: Any = None, **options: Any) -> httpx.Response:
        """Send to ``POST /v1/events``."""
        sent = options if document is None else {"json": document, **options}
        return self.run(key, lambda client: client.post("/v1/events", **sent))

    def get(self, key: str | None, path: str, **options: Any) -> httpx.Response:
        return self.run(key, lambda client: client.get(path, **options))

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def stop(self) -> None:
        """Write what waits, as the server does at its end."""

        async def lifespan() -> None:
            async with self.app.router.lifespan_context(self.app):
                pass

        asyncio.run(lifespan())

    def close(self) -> None:
        self.stop()
        self.log.close()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, after a look at the rest of the problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code", "remedy", "correlation_id"} == set(body)
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def _ids() -> Callable[[], str]:
    numbers = iter(range(1, 1_000_000))
    return lambda: f"request-{next(numbers)}"


def bodies(gateway: ApiGateway) -> list[Any]:
    """What is stored, in order."""
    return [json.loads(event.body) for event in gateway.log.read()]
