"""The webhook handler: verify, key, append, answer. A plain ASGI endpoint: this is the hot path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from ingestion.errors import (
    IngestionError,
    InternalError,
    MethodNotAllowedError,
    RateLimitedError,
    SecretMissingError,
    SourceNotConfiguredError,
    SourceUnknownError,
)
from ingestion.event_log import CounterKey, GroupCommitter, NewEvent
from ingestion.gateway.config import Clock, GatewayConfig
from ingestion.gateway.correlation import correlation_id
from ingestion.gateway.exchange import Facts, header_pairs, send_reply
from ingestion.gateway.limits import ClientGoneError, InFlight, check_headers, read_body
from ingestion.gateway.metrics import GatewayMetrics
from ingestion.gateway.problems import problem_headers, problem_reply
from ingestion.gateway.rate import Bucket, Rate
from ingestion.gateway.request_log import RequestLog
from ingestion.signatures import SignedRequest
from ingestion.webhooks import WebhookSource
from ingestion.webhooks.base import Receipt, Reply

PREFIX = "/webhooks/"

UNKNOWN_SOURCE = "unknown"
"""Stands for every source name we do not know, so that strangers cannot fill logs and metrics."""

# Headers that may carry credentials of ours or of a user; a signature is no secret and is kept.
_NOT_KEPT = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_CLIENT_CLOSED = 499
_EMPTY = Reply(b"", "text/plain")


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Answers ``POST /webhooks/{source}``, and the handshakes that vendors send by GET.

    200 means every event of the request is on disk, since now or since an earlier time.
    """

    config: GatewayConfig
    sources: Mapping[str, WebhookSource]
    committer: GroupCommitter
    in_flight: InFlight
    metrics: GatewayMetrics
    log: RequestLog
    clock: Clock
    new_id: Callable[[], str]
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        pairs = header_pairs(scope)
        headers = dict(pairs)
        name = scope["path"][len(PREFIX) :]
        known = name if name in self.sources else UNKNOWN_SOURCE
        facts = Facts(known, correlation_id(headers, self.new_id))
        extra: Mapping[str, str] | None = None
        try:
            with self.in_flight:
                check_headers(scope, self.config.max_header_bytes)
                source = self._source(name, headers)
                reply = await self._answer(scope, receive, source, pairs, headers, facts)
        except ClientGoneError:
            facts.status, facts.code = _CLIENT_CLOSED, "CLIENT_GONE"
            self._note(facts)
            return
        except IngestionError as error:
            reply, extra = self._refuse(facts, error)
        except Exception:
            reply, extra = self._refuse(facts, InternalError())
            await send_reply(send, reply, facts.correlation_id, extra)
            self._note(facts)
            raise  # the server logs the trace
        facts.status = reply.status
        await send_reply(send, reply, facts.correlation_id, extra)
        self._note(facts)

    def _source(self, name: str, headers: Mapping[str, str]) -> WebhookSource:
        """The source of this name.

        Some vendors switch a webhook off at the first 404. So a request that bears a vendor's
        signature gets 503 under a wrong name: it comes again when the name is mended.
        """
        source = self.sources.get(name)
        if source is not None:
            return source
        if any(not known.signed_by.isdisjoint(headers) for known in self.sources.values()):
            raise SourceNotConfiguredError
        raise SourceUnknownError

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        source: WebhookSource,
        pairs: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        facts: Facts,
    ) -> Reply:
        if scope["method"] != "POST":
            return self._handshake(scope, source)
        if not any(secret.strip() for secret in self.config.secrets.get(source.name, ())):
            raise SecretMissingError(f"No signing secret is configured for {source.name}.")
        body = await read_body(scope, receive, self.config.max_body_bytes, self.config.body_timeout)
        facts.size = len(body)
        request = SignedRequest(scope["method"], self._url(scope, headers), pairs, body)
        now = self.clock()
        source.verifier.verify(request, self.config.secrets[source.name], now)
        if source.echo is not None and (reply := source.echo(request)) is not None:
            return reply
        if self.config.source_rate is not None:
            self._admit(source, self.config.source_rate)
        kept = {name: value for name, value in headers.items() if name not in _NOT_KEPT}
        events = [
            NewEvent(
                source.name, one.event_key, "webhook", now, one.body, kept, facts.correlation_id
            )
            for one in source.split(body, headers)
        ]
        return await self._store(source, events, facts)

    def _handshake(self, scope: Scope, source: WebhookSource) -> Reply:
        """What a vendor sends to see whether the address is ours."""
        if scope["method"] == "HEAD":
            return _EMPTY
        if scope["method"] != "GET" or source.handshake is None:
            raise MethodNotAllowedError
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        return source.handshake(query, self.config.verify_tokens.get(source.name, ()))

    def _admit(self, source: WebhookSource, rate: Rate) -> None:
        """Count a request against its source's rate: a proven one, or strangers could use it up."""
        bucket = self._buckets.setdefault(source.name, Bucket(rate))
        verdict = bucket.take(self.clock())
        if not verdict.allowed:
            raise RateLimitedError(verdict.retry_after)

    async def _store(
        self, source: WebhookSource, events: Sequence[NewEvent], facts: Facts
    ) -> Reply:
        answers = await self.committer.append(events)
        facts.duplicates = sum(answer.duplicate for answer in answers)
        facts.accepted = len(answers) - facts.duplicates
        self.metrics.events(facts.source, facts.accepted, facts.duplicates)
        return source.acknowledge(Receipt(facts.accepted, facts.duplicates, facts.correlation_id))

    def _url(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """The address the vendor called, escapes as they were sent."""
        base = self.config.public_url or f"{scope['scheme']}://{headers.get('host', '')}"
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return f"{base.rstrip('/')}{path}{'?' if query else ''}{query}"

    def _refuse(self, facts: Facts, error: IngestionError) -> tuple[Reply, Mapping[str, str]]:
        facts.status, facts.code = error.status, error.code
        self.committer.count(CounterKey(facts.source, "rejected", error.code))
        return problem_reply(error, facts.correlation_id), problem_headers(error)

    def _note(self, facts: Facts) -> None:
        """Metrics and the one log line."""
        seconds = facts.seconds
        self.metrics.request(facts.source, facts.status, facts.code, seconds)
        self.log.info(
            "webhook",
            timestamp=self.clock(),
            source=facts.source,
            status=facts.status,
            code=facts.code,
            accepted=facts.accepted,
            duplicates=facts.duplicates,
            bytes=facts.size,
            duration_ms=round(seconds * 1000, 3),
            correlation_id=facts.correlation_id,
        )
