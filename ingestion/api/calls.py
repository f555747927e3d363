"""What every call of the API has in common: who calls, how often, what is answered and noted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ingestion.api.access import Access
from ingestion.api.keys import ApiKey
from ingestion.errors import ApiKeyError, IngestionError, InternalError, RateLimitedError
from ingestion.event_log import CounterKey, GroupCommitter
from ingestion.gateway.config import Clock
from ingestion.gateway.correlation import HEADER, correlation_id
from ingestion.gateway.exchange import Facts, header_pairs
from ingestion.gateway.limits import ClientGoneError, InFlight, check_headers
from ingestion.gateway.metrics import GatewayMetrics
from ingestion.gateway.problems import problem_response
from ingestion.gateway.rate import Verdict
from ingestion.gateway.request_log import RequestLog

LABEL: Final = "api"
"""Stands for the API where webhooks have their source: callers may choose any name for theirs."""

_CLIENT_CLOSED: Final = 499


@dataclass(slots=True)
class Call:
    """One request: what it brings, and what becomes known of it."""

    scope: Scope
    receive: Receive
    facts: Facts
    api_key_id: str = ""
    verdict: Verdict | None = None
    rejected: int = 0
    replayed: bool = False

    def values(self, name: str) -> list[str]:
        """Every value of a header (its name in lower case), in order."""
        return [value for found, value in header_pairs(self.scope) if found == name]


Handle = Callable[[Call, ApiKey], Awaitable[Response]]
"""Answers a call that may go on. Raises IngestionError."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Leads a request to its handler and its answer to the client."""

    access: Access
    committer: GroupCommitter
    in_flight: InFlight
    max_header_bytes: int
    metrics: GatewayMetrics
    log: RequestLog
    clock: Clock
    new_id: Callable[[], str]

    async def answer(self, scope: Scope, receive: Receive, send: Send, handle: Handle) -> None:
        """Handle one request."""
        identifier = correlation_id(dict(header_pairs(scope)), self.new_id)
        call = Call(scope, receive, Facts(LABEL, identifier))
        try:
            with self.in_flight:
                check_headers(scope, self.max_header_bytes)
                response = await handle(call, await self._admit(call))
        except ClientGoneError:
            call.facts.status, call.facts.code = _CLIENT_CLOSED, "CLIENT_GONE"
            self._note(call)
            return
        except IngestionError as error:
            response = self._refuse(call, error)
        except Exception:
            await self._refuse(call, InternalError())(scope, receive, send)
            self._note(call)
            raise  # the server logs the trace
        await response(scope, receive, send)
        self._note(call)

    async def _admit(self, call: Call) -> ApiKey:
        """The caller's key, when it may call now."""
        now = self.clock()
        key = await self.access.authenticate(call.values("authorization"), now)
        call.api_key_id = key.id
        call.verdict = self.access.take(key, now)
        if not call.verdict.allowed:
            raise RateLimitedError(
                call.verdict.retry_after, f"The key may send {key.rate} requests a minute."
            )
        return key

    def _refuse(self, call: Call, error: IngestionError) -> Response:
        call.facts.status, call.facts.code = error.status, error.code
        self.committer.count(CounterKey(LABEL, "rejected", error.code))
        response = problem_response(error, call.facts.correlation_id)
        response.headers.update(rate_headers(call))
        if isinstance(error, ApiKeyError):
            response.headers["www-authenticate"] = "Bearer"
        return response

    def _note(self, call: Call) -> None:
        """Metrics and the one log line."""
        facts, seconds = call.facts, call.facts.seconds
        self.metrics.request(LABEL, facts.status, facts.code, seconds)
        self.log.info(
            "events",
            timestamp=self.clock(),
            source=LABEL,
            method=call.scope["method"],
            api_key_id=call.api_key_id,
            status=facts.status,
            code=facts.code,
            accepted=facts.accepted,
            duplicates=facts.duplicates,
            rejected=call.rejected,
            replayed=call.replayed,
            bytes=facts.size,
            duration_ms=round(seconds * 1000, 3),
            correlation_id=facts.correlation_id,
        )


def json_response(call: Call, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """A good answer."""
    told = {HEADER: call.facts.correlation_id, **rate_headers(call), **(headers or {})}
    return Response(body, headers=told, media_type="application/json")


def rate_headers(call: Call) -> Mapping[str, str]:
    """What the caller may still send; without a valid key there is no limit to tell of."""
    if call.verdict is None:
        return {}
    return {
        "ratelimit-limit": str(call.verdict.limit),
        "ratelimit-remaining": str(call.verdict.remaining),
        "ratelimit-reset": str(call.verdict.reset),
    }
