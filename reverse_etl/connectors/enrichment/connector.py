"""Asking a vendor about people. What it knows comes back as a fact for the event log.

An answer is paid for and cannot be read back: after a lost one the question is repeated, which
changes nothing at the vendor but costs a credit, or is given up (`at_most_once`). A person the
vendor does not know costs nothing, and is an answer too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context, Work, cannot_ask
from reverse_etl.connectors.enrichment.fields import fact
from reverse_etl.connectors.enrichment.settings import EnrichmentSettings
from reverse_etl.connectors.http import Endpoint, Form, Response
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.tokens import SettingToken
from reverse_etl.errors import CallFailedError
from reverse_etl.leaving import AT_HOME
from reverse_etl.model import Delivery, Kind, Outcome, Reply
from reverse_etl.retry import classify_place

_ASK_AGAIN: Final = timedelta(hours=1)
PAYMENT_REQUIRED: Final = 402


class Enrichment(ABC):
    """What the vendors have in common; see reverse_etl.connectors.base.Connector."""

    path: ClassVar[str]
    form: ClassVar[Form]

    def __init__(self, settings: EnrichmentSettings, outside: Outside) -> None:
        self._endpoint = Endpoint(
            outside.client,
            settings.url,
            settings.timeout,
            token=SettingToken(lambda: outside.secret(settings.api_key)),
            carry=lambda key: {"x-api-key": key},
        )
        self._at_most_once = settings.at_most_once
        self.budget = settings.budget
        self.credits = settings.credits

    @abstractmethod
    def question(self, about: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The body of a request about these people."""

    @abstractmethod
    def results(self, answer: Response) -> Sequence[object] | None:
        """A result for each person of the request, in its order; None when there are none."""

    @abstractmethod
    def outcome(self, row: Delivery, result: object) -> Outcome:
        """What the vendor says of one person."""

    def refusal(self, answer: Response, _now: datetime) -> Outcome:
        """What a refused request means; the vendor's words may repeat what was asked, and are
        left out."""
        if answer.status == PAYMENT_REQUIRED or _speaks_of_credits(answer):
            return no_credits(answer.status)
        found = classify_place(answer.status, retry_after=answer.retry_after)
        return replace(found, kind=Kind.REFUSED) if found.kind is Kind.PERMANENT else found

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        rows = sorted(batch, key=lambda row: not row.hot)
        budget = await context.spend(rows)
        asked = rows[: budget.granted]
        for row in rows[budget.granted :]:
            work.set(row, _budget_spent(budget.wait))
        if asked:
            await self._ask(work, asked)
            free = sum(not _may_cost(work.outcomes[row.id]) for row in asked)
            await context.give_back(budget, free)
        return work.reply()

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """An answer cannot be had again; the setting decides what a lost one means."""
        return cannot_ask(batch, at_most_once=self._at_most_once)

    async def _ask(self, work: Work, rows: Sequence[Delivery]) -> None:
        body = self.question([_leaves(row) for row in rows])
        try:
            answer = await self._endpoint.call(
                work, "POST", self.path, body, items=len(rows), form=self.form
            )
        except CallFailedError as failure:
            work.fail(failure, rows)
            return
        if answer.status >= 300:
            work.fail(CallFailedError(self.refusal(answer, work.context.now)), rows)
            return
        results = self.results(answer)
        if results is None or len(results) != len(rows):
            work.fail(CallFailedError(_MISCOUNTED), rows)
            return
        for row, result in zip(rows, results, strict=True):
            work.set(row, self.outcome(row, result))


_MISCOUNTED: Final = Outcome(
    Kind.REFUSED,
    catalogue.MALFORMED_ANSWER,
    "The answer does not hold a result for each person of the request.",
    200,
)


def match(row: Delivery, given: Mapping[str, Any], vendor_id: object) -> Outcome:
    """The vendor knows the person."""
    told = fact(row.body.get("keeps"), given, vendor_id=vendor_id)
    return Outcome(Kind.DELIVERED, "DELIVERED", status=200, fact=told)


def no_match(row: Delivery) -> Outcome:
    """The vendor does not."""
    told = fact(row.body.get("keeps"), {})
    return Outcome(Kind.DELIVERED, catalogue.NO_MATCH, status=200, fact=told)


def no_credits(status: int) -> Outcome:
    """Nothing can be had before somebody buys credits or the vendor's month is over; no row is to
    blame."""
    text = "The account has no credits left."
    code, wait = catalogue.CREDITS_USED_UP, _ASK_AGAIN
    return Outcome(Kind.RETRYABLE, code, text, status, wait, costs_attempt=False)


def _speaks_of_credits(answer: Response) -> bool:
    words = (answer.body.get(name) for name in ("error", "error_code", "error_message", "message"))
    told = " ".join(word.lower() for word in words if isinstance(word, str)).replace("_", " ")
    return answer.status < 500 and "insufficient credits" in told


def _budget_spent(wait: timedelta) -> Outcome:
    text = "The credits that we allow ourselves are spent."
    code = catalogue.CREDIT_BUDGET_SPENT
    return Outcome(Kind.RETRYABLE, code, text, retry_after=wait, costs_attempt=False)


def _may_cost(outcome: Outcome) -> bool:
    """Whether a credit may be gone: for a match, and for what came without a usable answer."""
    if outcome.kind is Kind.DELIVERED:
        return outcome.code != catalogue.NO_MATCH
    return outcome.kind is Kind.UNKNOWN or outcome.code == catalogue.MALFORMED_ANSWER


def _leaves(row: Delivery) -> dict[str, Any]:
    return {name: value for name, value in row.body.items() if name not in AT_HOME}
