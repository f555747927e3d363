"""The ASGI application: routes, and what starts and stops with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.errors import IngestionError, MethodNotAllowedError, RouteUnknownError
from ingestion.event_log import EventLog, GroupCommitter
from ingestion.gateway.config import Clock, GatewayConfig
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.health import Health
from ingestion.gateway.metrics import MEDIA_TYPE, GatewayMetrics
from ingestion.gateway.problems import CATALOGUE_PATH, error_catalogue, problem_response
from ingestion.gateway.request_log import RequestLog, request_log
from ingestion.gateway.webhooks import WebhookEndpoint
from ingestion.webhooks import SOURCES, WebhookSource


def random_id() -> str:
    """A new correlation id."""
    return uuid4().hex


def create_app(
    config: GatewayConfig,
    log: EventLog,
    clock: Clock,
    *,
    new_id: Callable[[], str] = random_id,
    requests: RequestLog | None = None,
) -> Starlette:
    """The gateway on ``log``. It closes its writer when it stops; the log stays the caller's."""
    metrics = GatewayMetrics()
    committer = GroupCommitter(log, config.limits, metrics.commit)
    metrics.watch_pending(lambda: committer.pending)
    endpoint = WebhookEndpoint(
        config=config,
        sources=_sources(config),
        committer=committer,
        metrics=metrics,
        log=requests or request_log(),
        clock=clock,
        new_id=new_id,
    )
    health = Health(log, committer, SOURCES, _secured(config), clock, new_id)
    return Starlette(
        routes=_routes(endpoint, health, metrics),
        exception_handlers={HTTPException: _http_problem(new_id)},
        lifespan=_lifespan(committer),
    )


def _sources(config: GatewayConfig) -> Mapping[str, WebhookSource]:
    return {
        name: replace(source, verifier=source.verifier.tolerating(config.tolerance))
        for name, source in SOURCES.items()
    }


def _secured(config: GatewayConfig) -> frozenset[str]:
    return frozenset(name for name, secrets in config.secrets.items() if any(secrets))


def _routes(endpoint: WebhookEndpoint, health: Health, metrics: GatewayMetrics) -> list[Route]:
    async def exposition(_request: Request) -> Response:
        return Response(metrics.exposition(), media_type=MEDIA_TYPE)

    async def errors(_request: Request) -> Response:
        return JSONResponse(error_catalogue())

    return [
        Route("/webhooks/{source}", endpoint),
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
        return problem_response(problem, correlation_id(request.headers, new_id))

    return respond


def _lifespan(
    committer: GroupCommitter,
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(committer.close)

    return lifespan
