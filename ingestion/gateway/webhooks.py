"""The webhook handler: verify, key, append, answer. A plain ASGI endpoint: this is the hot path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ingestion.errors import (
    IngestionError,
    InternalError,
    MethodNotAllowedError,
    SecretMissingError,
    SourceUnknownError,
)
from ingestion.event_log import Appended, CounterKey, GroupCommitter, NewEvent
from ingestion.gateway.config import Clock, GatewayConfig
from ingestion.gateway.correlation import HEADER, correlation_id
from ingestion.gateway.limits import ClientGoneError, read_body
from ingestion.gateway.metrics import GatewayMetrics
from ingestion.gateway.problems import problem_response
from ingestion.gateway.request_log import RequestLog
from ingestion.signatures import SignedRequest
from ingestion.webhooks import WebhookSource

UNKNOWN_SOURCE = "unknown"
"""Stands for every source name we do not know, so that strangers cannot fill logs and metrics."""

# Headers that may carry credentials of ours or of a user; a signature is no secret and is kept.
_NOT_KEPT = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_CLIENT_CLOSED = 499


@dataclass(slots=True)
class _Facts:
    """What the request's log line and metrics say; filled in as it becomes known."""

    source: str
    correlation_id: str
    started: float
    status: int = 200
    code: str = ""
    size: int = 0
    accepted: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Answers ``POST /webhooks/{source}``.

    200 means every event of the request is on disk, since now or since an earlier time.
    """

    config: GatewayConfig
    sources: Mapping[str, WebhookSource]
    committer: GroupCommitter
    metrics: GatewayMetrics
    log: RequestLog
    clock: Clock
    new_id: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        pairs = _header_pairs(scope)
        headers = dict(pairs)
        name = scope["path_params"]["source"]
        known = name if name in self.sources else UNKNOWN_SOURCE
        facts = _Facts(known, correlation_id(headers, self.new_id), perf_counter())
        try:
            source = self._source(scope, name)
            body = await read_body(
                scope, receive, self.config.max_body_bytes, self.config.body_timeout
            )
            facts.size = len(body)
            request = SignedRequest(scope["method"], self._url(scope, headers), pairs, body)
            events = self._events(source, request, headers, facts.correlation_id)
            response = self._accept(facts, await self.committer.append(events))
        except ClientGoneError:
            facts.status, facts.code = _CLIENT_CLOSED, "CLIENT_GONE"
            self._note(facts)
            return
        except IngestionError as error:
            response = self._refuse(facts, error)
        except Exception:
            await self._refuse(facts, InternalError())(scope, receive, send)
            self._note(facts)
            raise  # the server logs the trace
        await response(scope, receive, send)
        self._note(facts)

    def _source(self, scope: Scope, name: str) -> WebhookSource:
        """The source the request is for, when it can be taken at all."""
        if scope["method"] != "POST":
            raise MethodNotAllowedError
        source = self.sources.get(name)
        if source is None:
            raise SourceUnknownError
        if not any(secret.strip() for secret in self.config.secrets.get(name, ())):
            raise SecretMissingError(f"No signing secret is configured for {name}.")
        return source

    def _url(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """The address the vendor called, escapes as they were sent."""
        base = self.config.public_url or f"{scope['scheme']}://{headers.get('host', '')}"
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return f"{base.rstrip('/')}{path}{'?' if query else ''}{query}"

    def _events(
        self,
        source: WebhookSource,
        request: SignedRequest,
        headers: Mapping[str, str],
        correlation: str,
    ) -> list[NewEvent]:
        """The events of a request that is proven; raises SignatureError when it is not."""
        now = self.clock()
        source.verifier.verify(request, self.config.secrets[source.name], now)
        kept = {name: value for name, value in headers.items() if name not in _NOT_KEPT}
        return [
            NewEvent(source.name, event.event_key, "webhook", now, event.body, kept, correlation)
            for event in source.split(request.body, headers)
        ]

    def _accept(self, facts: _Facts, answers: Sequence[Appended]) -> Response:
        facts.duplicates = sum(answer.duplicate for answer in answers)
        facts.accepted = len(answers) - facts.duplicates
        self.metrics.events(facts.source, facts.accepted, facts.duplicates)
        body = {
            "accepted": facts.accepted,
            "duplicates": facts.duplicates,
            "correlation_id": facts.correlation_id,
        }
        headers = {HEADER: facts.correlation_id}
        return Response(orjson.dumps(body), headers=headers, media_type="application/json")

    def _refuse(self, facts: _Facts, error: IngestionError) -> Response:
        facts.status, facts.code = error.status, error.code
        self.committer.count(CounterKey(facts.source, "rejected", error.code))
        return problem_response(error, facts.correlation_id)

    def _note(self, facts: _Facts) -> None:
        """Metrics and the one log line."""
        seconds = perf_counter() - facts.started
        self.metrics.request(facts.source, facts.status, facts.code, seconds)
        self.log.info(
            "webhook",
            source=facts.source,
            status=facts.status,
            code=facts.code,
            accepted=facts.accepted,
            duplicates=facts.duplicates,
            bytes=facts.size,
            duration_ms=round(seconds * 1000, 3),
            correlation_id=facts.correlation_id,
        )


def _header_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Headers as text; ASGI gives names in lower case."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
