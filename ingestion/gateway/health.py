"""What tells an operator, a load balancer or a test how the gateway is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingestion.errors import LogUnavailableError, OverloadedError, SourceUnknownError
from ingestion.event_log import CounterKey, EventLog, GroupCommitter, LoggedEvent
from ingestion.gateway.config import Clock
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.problems import problem_response
from ingestion.gateway.rhythm import WEEK, rhythm, time_at
from ingestion.webhooks import WebhookSource

# Readiness writes for real: a full disk and a read-only file look fine to every reader.
_PROBE = CounterKey("gateway", "probe")
_PROBE_SECONDS = 5.0

# Events that a source's rhythm is read from.
_RECENT = 200


@dataclass(frozen=True, slots=True)
class Health:
    """The health routes. ``secured``: sources that have a signing secret."""

    log: EventLog
    committer: GroupCommitter
    sources: Mapping[str, WebhookSource]
    secured: frozenset[str]
    clock: Clock
    new_id: Callable[[], str]

    async def live(self, _request: Request) -> Response:
        """200 while the process answers."""
        return JSONResponse({"status": "live"})

    async def ready(self, request: Request) -> Response:
        """200 while an event could be stored durably, else 503 with the reason."""
        identifier = correlation_id(request.headers, self.new_id)
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await run_in_threadpool(self.log.add_counters, {_PROBE: 1})
        except LogUnavailableError as error:
            return problem_response(error, identifier)
        except TimeoutError:
            return problem_response(OverloadedError("The log takes no write in time."), identifier)
        pending = self.committer.pending
        return JSONResponse({"status": "ready", "pending_events": pending})

    async def webhooks(self, request: Request) -> Response:
        """One source: when its last event came, against its usual rhythm; how late events come; and
        its counts since the log exists."""
        identifier = correlation_id(request.headers, self.new_id)
        source = request.path_params["source"]
        if source not in self.sources:
            return problem_response(SourceUnknownError(), identifier)
        try:
            return JSONResponse(await run_in_threadpool(self._source_health, source))
        except LogUnavailableError as error:
            return problem_response(error, identifier)

    def _source_health(self, source: str) -> dict[str, Any]:
        events = self.log.read(source=source, kind="webhook", newest_first=True, limit=_RECENT)
        now = self.clock()
        found = rhythm([event.received_at for event in events], now)
        if found and found.silent:
            then = self.log.received_at(source, "webhook", most=1, until=now - WEEK)
            found = found.beside(next(iter(then), None), now)
        counters = self.log.counters()
        return {
            "source": source,
            "secret_configured": source in self.secured,
            "last_event_at": events[0].received_at.isoformat() if events else None,
            "last_position": events[0].position if events else None,
            "gap_seconds": _seconds(found.gap if found else None),
            "usual_gap_seconds": _seconds(found.usual_gap if found else None),
            "silent": bool(found and found.silent),
            "lag_seconds": self._lag(source, events),
            "received": counters.get(CounterKey(source, "received"), 0),
            "duplicates": counters.get(CounterKey(source, "duplicate"), 0),
            "rejected": {
                key.code: value
                for key, value in sorted(counters.items())
                if (key.source, key.name) == (source, "rejected")
            },
        }

    def _lag(self, source: str, events: Sequence[LoggedEvent]) -> float | None:
        """The median of how long recent events took from the vendor's time to ours."""
        lags = [
            (event.received_at - happened).total_seconds()
            for event in events
            if (happened := time_at(_document(event.body), self.sources[source].occurred_at))
        ]
        return round(median(lags), 3) if lags else None


def _seconds(span: timedelta | None) -> float | None:
    return round(span.total_seconds(), 3) if span is not None else None


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
