"""HTTP as all connectors use it: time-outs everywhere, and one meaning for each way to fail."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Call, Kind, Outcome
from reverse_etl.retry import parse_retry_after

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def http_client(timeout: timedelta = timedelta(seconds=15)) -> httpx.AsyncClient:
    """The client for all connectors of a process: pooled, TLS verified, no redirects followed."""
    return httpx.AsyncClient(timeout=timeout.total_seconds(), follow_redirects=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a JSON object for a body."""

    status: int
    body: Mapping[str, Any]
    retry_after: timedelta | None

    def list(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The objects under `name`; anything else there counts as absent."""
        found = self.body.get(name)
        items = found if isinstance(found, list) else ()
        return tuple(item for item in items if isinstance(item, Mapping))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor's base address with what every request carries."""

    client: httpx.AsyncClient
    url: str
    headers: Mapping[str, str]
    timeout: timedelta

    async def call(
        self, work: Work, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Response:
        """One request within the quota. Raises CallFailedError only when there is no usable
        answer at all; what a status means is the caller's business."""
        async with work.context.permit():
            return await self._call(work, method, path, body)

    async def _call(
        self, work: Work, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Response:
        started = time.perf_counter()
        status: int | None = None
        code: str | None = None
        try:
            answer = await self.client.request(
                method,
                self.url.rstrip("/") + path,
                content=None if body is None else orjson.dumps(body),
                headers={"content-type": "application/json", **self.headers},
                timeout=self.timeout.total_seconds(),
            )
            status = answer.status_code
            return _read(answer)
        except httpx.TransportError as error:
            failure = CallFailedError(_lost(error))
            code = failure.code
            raise failure from error
        except CallFailedError as failure:
            code = failure.code
            raise
        finally:
            spent = round((time.perf_counter() - started) * 1000, 2)
            place = path.partition("?")[0]
            work.calls.append(Call(method, place, status, spent, _items(body), code))


def _items(body: Mapping[str, Any] | None) -> int:
    items = (body or {}).get("inputs") or (body or {}).get("data") or ()
    return len(items)


def _lost(error: httpx.TransportError) -> Outcome:
    name = type(error).__name__  # the text may hold an address with parameters
    if isinstance(error, _NOT_SENT):
        return Outcome(
            Kind.UNREACHABLE, catalogue.DESTINATION_UNREACHABLE, f"No connection: {name}"
        )
    return Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, f"Sent, but no answer came: {name}")


def _read(answer: httpx.Response) -> Response:
    wait = parse_retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    try:
        body = orjson.loads(answer.content or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if isinstance(body, dict):
        return Response(answer.status_code, body, wait)
    if answer.status_code >= 300:  # the status says enough: proxies answer in HTML
        return Response(answer.status_code, {}, wait)
    message = "The destination accepted the request, but its answer cannot be read."
    raise CallFailedError(
        Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, message, answer.status_code)
    )
