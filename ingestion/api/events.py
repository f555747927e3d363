"""`POST /v1/events` and `GET /v1/events/{correlation_id}`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ingestion.api import idempotency
from ingestion.api.calls import LABEL, Call, Caller, json_response
from ingestion.api.envelope import Draft, Items, Judge, read_items
from ingestion.api.idempotency import KeptAnswer, RequestStore, idempotency_key
from ingestion.api.keys import ApiKey
from ingestion.api.lookup import LogLookup
from ingestion.api.scopes import EVERY_SOURCE
from ingestion.errors import (
    IngestionError,
    LogUnavailableError,
    RequestInvalidError,
    ScopeDeniedError,
)
from ingestion.event_log import Appended, CounterKey, NewEvent
from ingestion.gateway.limits import read_body

PAGE: Final = 1_000
"""Events in one answer of the look-up."""

REPLAYED_HEADER: Final = "idempotency-replayed"

# What tells later how an event came in; everything else a client sends is its own business.
_KEPT: Final = ("content-type", "user-agent", idempotency.HEADER)

_CORRELATION_ID = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_POSITION = re.compile(r"[0-9]{1,18}", re.ASCII)

_Judged = Draft | IngestionError


@dataclass(frozen=True, slots=True)
class SendEvents:
    """Answers ``POST /v1/events``: one event or a batch, each accepted or rejected by itself.

    An event called accepted or duplicate is on disk. ``reserved``: source names that prove
    themselves in another way.
    """

    caller: Caller
    lookup: LogLookup
    requests: RequestStore
    reserved: frozenset[str]
    max_body_bytes: int
    body_timeout: timedelta

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        await self.caller.answer(scope, receive, send, self._send)

    async def _send(self, call: Call, key: ApiKey) -> Response:
        if not key.sources("write"):
            raise ScopeDeniedError("This needs a scope <source>:write.")
        request_key = idempotency_key(call.values(idempotency.HEADER))
        body = await read_body(call.scope, call.receive, self.max_body_bytes, self.body_timeout)
        call.facts.size = len(body)
        items = read_items(body)
        judge = Judge(key, self.reserved, request_key)
        if request_key is None:
            return json_response(call, await self._answer(call, items, judge))
        digest = hashlib.sha256(body).hexdigest()
        request = idempotency.Request(key.id, request_key, digest)
        return await self._answer_once(call, items, judge, request)

    async def _answer_once(
        self, call: Call, items: Items, judge: Judge, request: idempotency.Request
    ) -> Response:
        """The answer that the request has already, else a new one, which is kept.

        A request that fails as a whole has stored nothing, so nothing of it is kept.
        """
        held = await run_in_threadpool(self.requests.reserve, request, self.caller.clock())
        if isinstance(held, KeptAnswer):
            call.replayed = True
            return json_response(call, held.body, {REPLAYED_HEADER: "true"})
        try:
            answer = await self._answer(call, items, judge)
            await run_in_threadpool(self.requests.finish, held, answer)
        except Exception:
            with suppress(LogUnavailableError):  # else the reservation ends by itself
                await run_in_threadpool(self.requests.release, held)
            raise
        return json_response(call, answer)

    async def _answer(self, call: Call, items: Items, judge: Judge) -> bytes:
        """Store what can be stored, in one go; say what became of each event."""
        judged = [_judged(judge, index, item) for index, item in enumerate(items.items)]
        if not items.batch and isinstance(judged[0], IngestionError):
            raise judged[0]
        drafts = [item for item in judged if isinstance(item, Draft)]
        events = await self._events(call, judge.key, drafts)
        appended = await self.caller.committer.append(events)
        self._count(call, judged, appended)
        answers = iter(appended)
        return orjson.dumps(
            {
                "accepted": call.facts.accepted,
                "duplicates": call.facts.duplicates,
                "rejected": call.rejected,
                "correlation_id": call.facts.correlation_id,
                "results": [
                    _rejected(item) if isinstance(item, IngestionError) else _stored(next(answers))
                    for item in judged
                ],
            }
        )

    async def _events(self, call: Call, key: ApiKey, drafts: Sequence[Draft]) -> list[NewEvent]:
        now = self.caller.clock()
        first = await self._received_before(drafts)
        kept = {name: call.values(name)[0] for name in _KEPT if call.values(name)}
        headers = {**kept, "api-key-id": key.id}
        return [
            NewEvent(
                draft.source,
                draft.event_key,
                "webhook",
                now,
                draft.body(first.get((draft.source, draft.event_key), now)),
                headers,
                call.facts.correlation_id,
            )
            for draft in drafts
        ]

    async def _received_before(self, drafts: Sequence[Draft]) -> Mapping[tuple[str, str], datetime]:
        """When events without a time of their own came first. A repetition gets the same time, so
        that it has the same body and is recognised."""
        by_source: dict[str, list[str]] = {}
        for draft in drafts:
            if not draft.timed:
                by_source.setdefault(draft.source, []).append(draft.event_key)
        found: dict[tuple[str, str], datetime] = {}
        for source, keys in by_source.items():
            received = await run_in_threadpool(self.lookup.received, source, keys)
            found |= {(source, key): moment for key, moment in received.items()}
        return found

    def _count(self, call: Call, judged: Sequence[_Judged], appended: Sequence[Appended]) -> None:
        call.facts.duplicates = sum(answer.duplicate for answer in appended)
        call.facts.accepted = len(appended) - call.facts.duplicates
        self.caller.metrics.events(LABEL, call.facts.accepted, call.facts.duplicates)
        for item in judged:
            if isinstance(item, IngestionError):
                call.rejected += 1
                self.caller.committer.count(CounterKey(LABEL, "rejected", item.code))


@dataclass(frozen=True, slots=True)
class LookUpEvents:
    """Answers ``GET /v1/events/{correlation_id}``: where the events of a request are.

    Only sources that the key may read are shown, and never what an event says.
    """

    caller: Caller
    lookup: LogLookup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        await self.caller.answer(scope, receive, send, self._look_up)

    async def _look_up(self, call: Call, key: ApiKey) -> Response:
        sources = key.sources("read")
        if not sources:
            raise ScopeDeniedError("This needs a scope <source>:read.")
        wanted = call.scope["path_params"]["correlation_id"]
        if not _CORRELATION_ID.fullmatch(wanted):
            raise RequestInvalidError("The correlation id is not 1 to 200 printable characters.")
        after = _after(call.scope)
        return json_response(call, await run_in_threadpool(self._found, wanted, sources, after))

    def _found(self, wanted: str, sources: frozenset[str], after: int) -> bytes:
        visible = None if EVERY_SOURCE in sources else sorted(sources)
        events = self.lookup.under(wanted, sources=visible, after=after, limit=PAGE)
        more = len(events) == PAGE
        return orjson.dumps(
            {
                "correlation_id": wanted,
                "events": events,
                "next_after": events[-1].position if more else None,
            },
            option=orjson.OPT_UTC_Z,
        )


def _judged(judge: Judge, index: int, item: object) -> _Judged:
    try:
        return judge.draft(index, item)
    except IngestionError as error:
        return error


def _stored(answer: Appended) -> dict[str, Any]:
    return {
        "status": "duplicate" if answer.duplicate else "accepted",
        "event_key": answer.event_key,
        "position": answer.position,
    }


def _rejected(error: IngestionError) -> dict[str, Any]:
    return {
        "status": "rejected",
        "event_key": None,
        "position": None,
        "code": error.code,
        "detail": str(error),
        "remedy": error.remedy,
    }


def _after(scope: Scope) -> int:
    """The query parameter ``after``: a position, 0 when it is not there."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    values = query.get("after", ["0"])
    if len(values) > 1 or not _POSITION.fullmatch(values[0]):
        raise RequestInvalidError("`after` is not a position: a whole number.")
    return int(values[0])
