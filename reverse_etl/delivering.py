"""One batch from lease to settlement: consent → deadline → references → quota → send → classify."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from reverse_etl import catalogue, consent
from reverse_etl.bisect import send_bisecting
from reverse_etl.connectors.base import Connector, Context, Looker
from reverse_etl.errors import CallFailedError
from reverse_etl.ledger import Settlement
from reverse_etl.looking import Looking
from reverse_etl.model import (
    Answer,
    Call,
    ConsentStatus,
    Delivery,
    Fact,
    Kind,
    Outcome,
    Reply,
    State,
    object_kind,
)
from reverse_etl.payload import refers_to, written_fields
from reverse_etl.permits import Check, permits, returning, spending, unchecked
from reverse_etl.retry import Decision, decide
from reverse_etl.tools import Tools

_log = structlog.get_logger("reverse_etl.dispatch")
Consents = Mapping[tuple[str, str], tuple[ConsentStatus, str | None]]

_SYNCED: Final = {"contact": "contact_synced"}
_LOGGED_IDS: Final = 20  # correlation ids in one log line
_NO_ANSWER: Final = Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, "Sent, but no answer came in time.")
_CHANGED: Final = Outcome(
    Kind.RETRYABLE,
    catalogue.CONSENT_CHANGED,
    "Somebody of the batch withdrew while the request waited: it was not sent.",
    retry_after=timedelta(),
    costs_attempt=False,
)
_FRESH: Final = timedelta(milliseconds=200)  # consent that was read longer ago is read again
_NO_REFERENCE: Final = Outcome(
    Kind.RETRYABLE, catalogue.REFERENCE_NOT_SYNCED, "What it refers to is not there yet."
)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a batch."""

    settlements: tuple[Settlement, ...]
    outcomes: tuple[Outcome, ...]
    calls: tuple[Call, ...]
    recording_failed: bool


class Delivering:
    """Takes leased rows to their settlements; writes nothing to the ledger itself."""

    def __init__(self, connector: Connector, tools: Tools) -> None:
        self._connector = connector
        self._tools = tools
        self._untold: dict[int, Outcome] = {}  # facts that the log would not take yet

    async def deliver(self, rows: Sequence[Delivery], *, read_back: bool, probing: bool) -> Ended:
        """Send leased rows of one action, or read back what became of them."""
        now = self._tools.clock()
        current = await self._tools.db(self._tools.ledger.consents_for, rows)
        settled = [] if read_back else _refused(rows, current, now)
        done = {item.delivery.id for item in settled}
        ready = [row for row in rows if row.id not in done]
        context, waiting = await self._context(ready, now, read_back=read_back)
        settled += [self._settlement(row, _NO_REFERENCE, now) for row in waiting]
        ready = [row for row in ready if row not in waiting]
        if not ready:
            return Ended(tuple(settled), (), (), recording_failed=False)
        reply = None if read_back else await self._remember(ready)
        reply = reply or await self._ask(ready, context, read_back=read_back)
        sent, failed = await self._settle(ready, reply, context, now, read_back, probing)
        sent = [replace(item, consent_id=_consent_id(item.delivery, current)) for item in sent]
        outcomes = tuple(item.outcome for item in sent if item.outcome)
        return Ended((*settled, *sent), outcomes, reply.calls, recording_failed=failed)

    async def _context(
        self, rows: Sequence[Delivery], now: datetime, *, read_back: bool
    ) -> tuple[Context, list[Delivery]]:
        """What the connector needs to know, and the rows that refer to what is not there yet."""
        if not rows:
            return Context(now), []
        destination, kind = self._connector.destination, object_kind(rows[0].action)
        known = await self._vendor_ids(kind, [row.entity_key for row in rows])
        own = {row.id: row.external_id or known.get(row.entity_key) for row in rows}
        named = {row.id: refers_to(row.body) for row in rows}
        found = {
            kind: await self._vendor_ids(kind, [n[kind] for n in named.values() if kind in n])
            for kind in sorted({kind for names in named.values() for kind in names})
        }
        references = {
            number: {kind: found[kind][key] for kind, key in names.items() if key in found[kind]}
            for number, names in named.items()
        }
        waiting = [row for row in rows if len(references[row.id]) < len(named[row.id])]
        context = Context(
            now=now,
            vendor_ids={number: vendor_id for number, vendor_id in own.items() if vendor_id},
            references=references,
            permit=permits(
                self._tools,
                self._connector,
                hot=any(row.hot for row in rows),
                check=unchecked if read_back else self._still_allowed(rows, now),
            ),
            spend=spending(self._tools, self._connector),
            give_back=returning(self._tools, self._connector),
            alive=lambda keys: self._tools.db(
                self._tools.ledger.alive, destination, rows[0].action, keys
            ),
        )
        return context, waiting

    def _still_allowed(self, rows: Sequence[Delivery], read_at: datetime) -> Check:
        """Law 7 at the moment of sending: a request may have waited long for its turn."""

        async def check() -> None:
            nonlocal read_at
            now = self._tools.clock()
            if now - read_at < _FRESH:
                return
            current = await self._tools.db(self._tools.ledger.consents_for, rows)
            if any(_refusal(row, current) for row in rows):
                raise CallFailedError(_CHANGED)
            read_at = now

        return check

    async def _vendor_ids(self, kind: str, keys: Sequence[str]) -> dict[str, str]:
        lookup = self._tools.ledger.vendor_ids
        return await self._tools.db(lookup, self._connector.destination, kind, keys)

    async def _remember(self, rows: Sequence[Delivery]) -> Reply | None:
        """During a canary: keep what objects are before they are written. A reply when that cannot
        be found out: then nothing is sent yet."""
        name, canaries, one = self._connector.destination, self._tools.ledger.canaries, rows[0]
        looker = self._connector
        if one.mode != "state" or not isinstance(looker, Looker) or not looker.looks(one.action):
            return None
        if await self._tools.db(canaries.of, name) is None:
            return None
        keys = [row.entity_key for row in rows]
        unseen = await self._tools.db(canaries.unseen, name, one.action, keys)
        fields = sorted({name for row in rows for name in written_fields(row.body)})
        looking = Looking(self._connector, looker, self._tools)
        try:
            found = await looking.found(one.action, unseen, fields) if unseen else {}
        except CallFailedError as failure:
            kind = failure.outcome.kind
            unsent = Kind.RETRYABLE if kind is Kind.UNKNOWN else kind
            return Reply({row.id: replace(failure.outcome, kind=unsent) for row in rows})
        before = {key: found.get(key) for key in unseen}
        await self._tools.db(canaries.keep, name, one.action, before)
        return None

    async def _ask(self, rows: Sequence[Delivery], context: Context, *, read_back: bool) -> Reply:
        try:
            async with asyncio.timeout(self._tools.policy.send_timeout.total_seconds()):
                if read_back:
                    return await self._read_back(rows, context)
                return await send_bisecting(self._connector, rows, context)
        except TimeoutError:
            return Reply({})

    async def _read_back(self, rows: Sequence[Delivery], context: Context) -> Reply:
        """What a vendor told us once may cost to hear again, so what is still to be recorded is
        not asked for."""
        kept = {row.id: self._untold.pop(row.id) for row in rows if row.id in self._untold}
        asked = [row for row in rows if row.id not in kept]
        reply = await self._connector.read_back(asked, context) if asked else Reply({})
        return Reply({**reply.outcomes, **kept}, reply.calls)

    async def _settle(
        self,
        rows: Sequence[Delivery],
        reply: Reply,
        context: Context,
        started: datetime,
        read_back: bool,
        probing: bool,
    ) -> tuple[list[Settlement], bool]:
        outcomes = {row.id: reply.outcomes.get(row.id, _NO_ANSWER) for row in rows}
        failed = await self._record_answers(rows, outcomes)
        batch_id = uuid.UUID(int=self._tools.rng.getrandbits(128)).hex[:16]
        spent = sum(call.milliseconds for call in reply.calls)
        request = _describe(reply.calls, len(rows))
        settlements = [
            replace(
                self._settlement(
                    row, outcomes[row.id], self._tools.clock(), read_back=read_back, probing=probing
                ),
                batch_id=batch_id,
                started_at=started,
                milliseconds=round(spent, 2),
                request=request,
            )
            for row in rows
        ]
        self._log(batch_id, settlements, reply.calls, spent, read_back)
        return settlements, failed

    def _settlement(
        self,
        row: Delivery,
        outcome: Outcome,
        now: datetime,
        *,
        read_back: bool = False,
        probing: bool = False,
    ) -> Settlement:
        decision = decide(
            outcome,
            attempts=row.attempts + 1,
            now=now,
            deadline=row.deadline_at,
            policy=self._tools.policy.retry,
            rng=self._tools.rng,
            free=probing or (read_back and outcome.kind is Kind.RETRYABLE),
            read_back=read_back,
        )
        return Settlement(row, decision, outcome, started_at=now)

    async def _record_answers(self, rows: Sequence[Delivery], outcomes: dict[int, Outcome]) -> bool:
        """Hand over new ids and facts before they are settled; if that fails, those rows stay
        unknown, are read back, and their answers are handed over again."""
        news = await self._news(rows, outcomes)
        if not news:
            return False
        try:
            await self._tools.db(self._tools.on_answer, list(news.values()))
        except Exception as error:  # noqa: BLE001  # whatever it is, nothing may get lost here
            _log.error("answer_not_recorded", error=type(error).__name__, answers=len(news))
            text = "Delivered, but the answer was not recorded."
            lost = Outcome(Kind.UNKNOWN, catalogue.RECORDING_FAILED, text)
            self._untold.update({n: outcomes[n] for n in news if outcomes[n].fact})
            outcomes.update((number, lost) for number in news)
            return True
        return False

    async def _news(
        self, rows: Sequence[Delivery], outcomes: dict[int, Outcome]
    ) -> dict[int, Answer]:
        kind = object_kind(rows[0].action)
        news: dict[int, Answer] = {}
        if kind in _SYNCED:
            known = await self._vendor_ids(kind, [row.entity_key for row in rows])
            for row in rows:
                found = outcomes[row.id].vendor_id
                if found and known.get(row.entity_key) != found:
                    fact = Fact(_SYNCED[kind], {"vendor_id": found})
                    news[row.id] = self._answer(row, fact, f"{row.person_id}:{found}")
        for row in rows:
            if told := outcomes[row.id].fact:
                news[row.id] = self._answer(row, told, row.entity_key)
        return news

    def _answer(self, row: Delivery, fact: Fact, key: str) -> Answer:
        return Answer(
            type=fact.type,
            destination=self._connector.destination,
            key=key,
            person_id=row.person_id,
            occurred_at=self._tools.clock(),
            correlation_id=row.correlation_id,
            data=fact.data,
        )

    def _log(
        self,
        batch_id: str,
        settlements: Sequence[Settlement],
        calls: Sequence[Call],
        spent: float,
        read_back: bool,
    ) -> None:
        outcomes = [item.outcome for item in settlements if item.outcome]
        rows = [item.delivery for item in settlements]
        _log.info(
            "delivery_attempt",
            destination=self._connector.destination,
            action=rows[0].action,
            batch_id=batch_id,
            read_back=read_back,
            size=len(rows),
            kinds=dict(Counter(str(outcome.kind) for outcome in outcomes)),
            codes=dict(Counter(outcome.code for outcome in outcomes)),
            statuses=[call.status for call in calls],
            requests=len(calls),
            milliseconds=round(spent, 1),
            correlation_ids=[row.correlation_id for row in rows[:_LOGGED_IDS]],
        )


def _refused(rows: Sequence[Delivery], current: Consents, now: datetime) -> list[Settlement]:
    """Rows that may not be sent at this moment (law 7), or no longer."""
    refused = []
    for row in rows:
        if code := _refusal(row, current):
            decision = Decision(State.CANCELLED, code)
            refused.append(Settlement(row, decision, consent_id=_consent_id(row, current)))
        elif row.deadline_at is not None and row.deadline_at <= now:
            refused.append(Settlement(row, Decision(State.DEAD, catalogue.EXPIRED)))
    return refused


def _refusal(row: Delivery, current: Consents) -> str | None:
    status, _ = current.get((row.person_id, row.purpose), (None, None))
    return consent.refusal(row.consent_status, status)


def _consent_id(row: Delivery, current: Consents) -> str | None:
    """The record that allowed the sending: the newest one."""
    return current.get((row.person_id, row.purpose), (None, None))[1]


def _describe(calls: Sequence[Call], items: int) -> str:
    """The requests of a batch for the attempt log: method, path, status; never a body."""
    made = "; ".join(f"{call.method} {call.path} → {call.status or call.code}" for call in calls)
    return f"{items} items: {made or 'no request'}"
