"""Meta Conversions API.

One bad event fails a whole request, so each is checked first and a refused batch is bisected.
Meta cannot be asked whether an event arrived: by default a lost answer leads to a repeat with the
same `event_id`, counted as a possible repeat; `at_most_once` gives the event up instead.
Limits: 1,000 events a request, event_time at most 7 days back. Credentials: a system user's access
token for the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context, Work, cannot_ask
from reverse_etl.connectors.http import Endpoint, Response
from reverse_etl.connectors.meta.preflight import refusal
from reverse_etl.connectors.meta.settings import MetaSettings
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.tokens import SettingToken
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome, Reply
from reverse_etl.retry import classify_place, wrong_address

_BATCH: Final = 1000
_TEMPORARY: Final = frozenset({1, 2, 4, 17, 613, 80000, 80003, 80004, 80014})
_RATE: Final = _TEMPORARY - {1, 2}
_NO_SUCH_PLACE: Final = frozenset({2500, 2635})  # no such path, no such version (any more)
_NO_SUCH_DATASET: Final = (100, 33)
_AUTHENTICATION: Final = frozenset({102, 190, 200})


class MetaCapi:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "meta"
    # One endpoint, but each activation table has an action of its own.
    actions: ClassVar = dict.fromkeys(
        ("send_event", "send_lead_event", "send_website_event"), _BATCH
    )

    def __init__(self, settings: MetaSettings, outside: Outside) -> None:
        self._settings = settings
        self._endpoint = Endpoint(outside.client, settings.url, settings.timeout)
        self._tokens = SettingToken(lambda: outside.secret(settings.token))
        self._path = f"/{settings.api_version}/{settings.dataset}/events"
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        events = {row.id: row.body for row in batch}
        for row in batch:
            if refused := refusal(events[row.id], context.now):
                work.set(row, refused)
        if work.open:
            await self._post(work, [events[row.id] for row in work.open])
        return work.reply()

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Meta cannot be asked; the setting decides what a lost answer means."""
        return cannot_ask(batch, at_most_once=self._settings.at_most_once)

    async def _post(self, work: Work, events: Sequence[Mapping[str, Any]]) -> None:
        try:
            token = await self._tokens.token()
            outcome = await self._ask(work, events, token)
            refused = outcome.kind is Kind.AUTHENTICATION
            if refused and (renewed := await self._tokens.renew(token)):
                outcome = await self._ask(work, events, renewed)
        except CallFailedError as failure:
            work.fail(failure)
            return
        for row in work.open:
            work.set(row, outcome)

    async def _ask(self, work: Work, events: Sequence[Mapping[str, Any]], token: str) -> Outcome:
        body: dict[str, Any] = {"data": list(events), "access_token": token}
        if self._settings.test_event_code:
            body["test_event_code"] = self._settings.test_event_code
        answer = await self._endpoint.call(work, "POST", self._path, body, items=len(events))
        return read(answer, sent=len(events))


def read(answer: Response, *, sent: int) -> Outcome:
    """What Meta's answer means for each of the `sent` events."""
    if 200 <= answer.status < 300 and "error" not in answer.body:
        if answer.body.get("events_received") == sent:
            return Outcome(Kind.DELIVERED, "DELIVERED", status=answer.status)
        text = "Meta did not confirm the number of events that were sent."
        return Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, text, answer.status)
    error = answer.body.get("error")
    return _error(error if isinstance(error, Mapping) else {}, answer)


def _error(error: Mapping[str, Any], answer: Response) -> Outcome:
    number, message = error.get("code"), str(error.get("message") or "")
    status, wait = answer.status, answer.retry_after
    if number in _AUTHENTICATION:
        return Outcome(Kind.AUTHENTICATION, catalogue.AUTHENTICATION_FAILED, message, status)
    if number in _NO_SUCH_PLACE or (number, error.get("error_subcode")) == _NO_SUCH_DATASET:
        return wrong_address(status, message)
    if number in _TEMPORARY or error.get("is_transient") is True:
        code = catalogue.RATE_LIMITED if number in _RATE else catalogue.DESTINATION_ERROR
        return Outcome(Kind.RETRYABLE, code, message, status, wait)
    outcome = classify_place(max(status, 300), message=message, retry_after=wait)
    if outcome.kind is not Kind.PERMANENT:
        return outcome
    code = f"META_{number}" if isinstance(number, int) else catalogue.REFUSED
    return Outcome(Kind.REFUSED, code, message, status)
