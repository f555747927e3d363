"""What tells an operator, a load balancer or a test how the gateway is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingestion.errors import LogUnavailableError, OverloadedError, SourceUnknownError
from ingestion.event_log import CounterKey, EventLog, GroupCommitter
from ingestion.gateway.config import Clock
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.problems import problem_response

# Readiness writes for real: a full disk and a read-only file look fine to every reader.
_PROBE = CounterKey("gateway", "probe")
_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """The health routes. ``secured``: sources that have a signing secret."""

    log: EventLog
    committer: GroupCommitter
    sources: Mapping[str, object]
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
        """One source: when its last event came, and its counts since the log exists."""
        identifier = correlation_id(request.headers, self.new_id)
        source = request.path_params["source"]
        if source not in self.sources:
            return problem_response(SourceUnknownError(), identifier)
        try:
            return JSONResponse(await run_in_threadpool(self._source_health, source))
        except LogUnavailableError as error:
            return problem_response(error, identifier)

    def _source_health(self, source: str) -> dict[str, Any]:
        last = self.log.read(source=source, kind="webhook", newest_first=True, limit=1)
        counters = self.log.counters()
        received = last[0].received_at if last else None
        return {
            "source": source,
            "secret_configured": source in self.secured,
            "last_event_at": received.isoformat() if received else None,
            "last_position": last[0].position if last else None,
            "lag_seconds": (self.clock() - received).total_seconds() if received else None,
            "received": counters.get(CounterKey(source, "received"), 0),
            "duplicates": counters.get(CounterKey(source, "duplicate"), 0),
            "rejected": {
                key.code: value
                for key, value in sorted(counters.items())
                if (key.source, key.name) == (source, "rejected")
            },
        }
