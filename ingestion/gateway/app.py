"""The ASGI application: routes, and what starts and stops with it."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from random import SystemRandom
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ingestion.api.mount import ApiParts
from ingestion.api.mount import routes as api_routes
from ingestion.errors import IngestionError, MethodNotAllowedError, RouteUnknownError
from ingestion.event_log import EventLog, GroupCommitter, Sink
from ingestion.gateway.config import Clock, GatewayConfig
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.health import Health
from ingestion.gateway.limits import InFlight
from ingestion.gateway.metrics import MEDIA_TYPE, GatewayMetrics
from ingestion.gateway.problems import CATALOGUE_PATH, error_catalogue, problem_response
from ingestion.gateway.request_log import RequestLog, request_log
from ingestion.gateway.webhooks import PREFIX, WebhookEndpoint
from ingestion.webhooks import WebhookSource


class _Gateway(Starlette):
    """Hands webhooks to their endpoint at once: routing and Starlette's middleware would cost a
    sixth of the time of a request."""

    def __init__(self, webhooks: WebhookEndpoint, **settings: Any) -> None:
        super().__init__(**settings)
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._webhooks(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


_CHANCE = random.Random(SystemRandom().getrandbits(256))  # noqa: S311  # an id, no secret


def time_ordered_id() -> str:
    """A new correlation id: 48 bits of time, 80 of chance, as in UUID version 7 (RFC 9562).

    The log has an index of them; ids that follow each other in time share its pages.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_CHANCE.getrandbits(80):020x}"


def create_app(
    config: GatewayConfig,
    log: EventLog,
    clock: Clock,
    *,
    new_id: Callable[[], str] = time_ordered_id,
    requests: RequestLog | None = None,
    sink: Sink | None = None,
    more_metrics: Callable[[], bytes] = bytes,
) -> Starlette:
    """The gateway on ``log``; it appends through ``sink`` when one is given. What waits is written
    when it stops; log and sink stay the caller's. ``more_metrics`` gives what ``/metrics`` tells
    besides; it is called in a thread."""
    metrics = GatewayMetrics()
    committer = GroupCommitter(sink or log, config.limits, metrics.commit)
    in_flight = InFlight(config.max_in_flight)
    metrics.watch(lambda: committer.pending, lambda: in_flight.now)
    lines = requests or request_log()
    endpoint = WebhookEndpoint(
        config=config,
        sources=_sources(config),
        committer=committer,
        in_flight=in_flight,
        metrics=metrics,
        log=lines,
        clock=clock,
        new_id=new_id,
    )
    health = Health(log, committer, config.sources, _secured(config), clock, new_id)
    reader, writer = log.engines
    api = ApiParts(config, reader, writer, committer, in_flight, metrics, lines, clock, new_id)
    return _Gateway(
        endpoint,
        routes=[*_routes(health, metrics, more_metrics), *api_routes(api)],
        exception_handlers={HTTPException: _http_problem(new_id)},
        lifespan=_lifespan(committer),
    )


def _sources(config: GatewayConfig) -> Mapping[str, WebhookSource]:
    if config.tolerance is None:
        return config.sources
    return {
        name: replace(source, verifier=source.verifier.tolerating(config.tolerance))
        for name, source in config.sources.items()
    }


def _secured(config: GatewayConfig) -> frozenset[str]:
    return frozenset(name for name, secrets in config.secrets.items() if any(secrets))


def _routes(
    health: Health, metrics: GatewayMetrics, more_metrics: Callable[[], bytes]
) -> list[Route]:
    async def exposition(_request: Request) -> Response:
        more = await run_in_threadpool(more_metrics)
        return Response(metrics.exposition() + more, media_type=MEDIA_TYPE)

    async def errors(_request: Request) -> Response:
        return JSONResponse(error_catalogue())

    return [
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/health/webhooks/{source}", health.webhooks),
        Route("/metrics", exposition),
        Route(CATALOGUE_PATH, errors),
    ]


def _http_problem(new_id: Callable[[], str]) -> Callable[[Request, Exception], Response]:
    """Starlette's own refusals (no such route, no such method) in our form."""

    def respond(request: Request, error: Exception) -> Response:
        unknown = isinstance(error, HTTPException) and error.status_code != 405
        problem: IngestionError = RouteUnknownError() if unknown else MethodNotAllowedError()
        response = problem_response(problem, correlation_id(request.headers, new_id))
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})  # Allow
        return response

    return respond


def _lifespan(
    committer: GroupCommitter,
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(committer.close)

    return lifespan
