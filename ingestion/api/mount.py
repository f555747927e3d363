"""The API's routes, made from what the gateway has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.api.access import Access
from ingestion.api.calls import Caller
from ingestion.api.database import make_tables
from ingestion.api.events import LookUpEvents, SendEvents
from ingestion.api.idempotency import RequestStore
from ingestion.api.keys import KeyStore
from ingestion.api.lookup import LogLookup
from ingestion.api.openapi import DOCUMENT_PATH, document_bytes
from ingestion.event_log import GroupCommitter
from ingestion.gateway.config import Clock, GatewayConfig
from ingestion.gateway.limits import InFlight
from ingestion.gateway.metrics import GatewayMetrics
from ingestion.gateway.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API shares with the gateway. ``reader`` and ``writer``: the event log's engines."""

    config: GatewayConfig
    reader: Engine
    writer: Engine
    committer: GroupCommitter
    in_flight: InFlight
    metrics: GatewayMetrics
    log: RequestLog
    clock: Clock
    new_id: Callable[[], str]


def routes(parts: ApiParts) -> list[Route]:
    """The routes of the API. Makes its tables when they are missing: LogUnavailableError."""
    make_tables(parts.writer)
    caller = Caller(
        access=Access(KeyStore(parts.reader, parts.writer)),
        committer=parts.committer,
        in_flight=parts.in_flight,
        max_header_bytes=parts.config.max_header_bytes,
        metrics=parts.metrics,
        log=parts.log,
        clock=parts.clock,
        new_id=parts.new_id,
    )
    lookup = LogLookup(parts.reader)
    send = SendEvents(
        caller=caller,
        lookup=lookup,
        requests=RequestStore(parts.writer),
        reserved=frozenset(parts.config.sources),
        max_body_bytes=parts.config.max_body_bytes,
        body_timeout=parts.config.body_timeout,
    )
    return [
        Route("/v1/events", send, methods=["POST"]),
        Route("/v1/events/{correlation_id}", LookUpEvents(caller, lookup), methods=["GET"]),
        Route(DOCUMENT_PATH, _openapi),
    ]


async def _openapi(_request: Request) -> Response:
    return Response(document_bytes(), media_type="application/json")
