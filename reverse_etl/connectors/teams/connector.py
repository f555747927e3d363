"""Microsoft Teams: adaptive cards to a channel, through the webhook of a workflow.

The address is the credential: nothing of it is noted. The workflow keeps no key and cannot be
asked what it posted: by default a lost answer leads to a repeat, counted as a possible repeat;
`at_most_once` gives the message up instead. Limits: one message a request, 28 KB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context, Work, cannot_ask
from reverse_etl.connectors.http import Endpoint, Response
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.teams.settings import TeamsSettings
from reverse_etl.connectors.tokens import SettingToken, unusable
from reverse_etl.errors import CallFailedError, ConfigurationError
from reverse_etl.model import Delivery, Kind, Outcome, Reply
from reverse_etl.retry import classify

_LARGEST: Final = 28 * 1024
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_GONE: Final = frozenset({404, 410})
_PERHAPS_POSTED: Final = frozenset({502, 504})
# The older incoming webhooks accept a request and tell its failure as text.
_FAILED_WITHIN: Final = re.compile(r"delivery failed\b.*?\bHTTP error (\d{3})", re.DOTALL)


class Teams:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "teams"
    actions: ClassVar = {"post_message": 1}

    def __init__(self, settings: TeamsSettings, outside: Outside) -> None:
        self._settings, self._client = settings, outside.client
        self._webhook_url = SettingToken(lambda: outside.secret(settings.webhook_url))
        self._at_most_once = settings.at_most_once
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        for row in batch:
            content = orjson.dumps(row.body)
            if refused := refusal(row.body, len(content)):
                work.set(row, refused)
                continue
            try:
                answer = await self._post(work, content)
            except CallFailedError as failure:
                work.fail(failure)
                break
            work.set(row, read(answer))
        return work.reply()

    async def _post(self, work: Work, content: bytes) -> Response:
        try:
            url = self._settings.address(await self._webhook_url.token())
        except ValueError as error:
            raise unusable(ConfigurationError(f"The webhook's address: {error}.")) from error
        endpoint = Endpoint(self._client, url, self._settings.timeout)
        return await endpoint.call(work, "POST", "", content, form="anything")

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """A workflow cannot be asked; the setting decides what a lost answer means."""
        return cannot_ask(batch, at_most_once=self._at_most_once)


def refusal(message: Mapping[str, Any], size: int) -> Outcome | None:
    """Why a workflow could not post this message of so many bytes, or None. Pure."""
    if size > _LARGEST:
        text = f"The message has {size} bytes; Teams takes {_LARGEST}."
        return Outcome(Kind.PERMANENT, "TEAMS_MESSAGE_TOO_LARGE", text)
    attached = message.get("attachments")
    cards = attached if isinstance(attached, list) else []
    if message.get("type") != "message" or not any(_is_card(card) for card in cards):
        return Outcome(Kind.PERMANENT, "TEAMS_CARD_MISSING", "The message has no adaptive card.")
    return None


def _is_card(attachment: object) -> bool:
    return (
        isinstance(attachment, Mapping)
        and attachment.get("contentType") == _CARD
        and isinstance(attachment.get("content"), Mapping)
    )


def read(answer: Response) -> Outcome:
    """What the answer means for the message. Pure. An answer behind a gateway's back (502, 504)
    leaves open whether the card was posted."""
    status = answer.status
    within = _FAILED_WITHIN.search(answer.text) if status < 300 else None
    if within:
        status = int(within[1])
    if status in _GONE:
        text = "Nothing takes messages at the webhook's address any more."
        return Outcome(Kind.AUTHENTICATION, catalogue.ENDPOINT_GONE, text, status)
    if status in _PERHAPS_POSTED:
        text = "The workflow did not answer in time."
        return Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, text, status)
    if 200 <= status < 300:
        return Outcome(Kind.DELIVERED, "DELIVERED", status=status)
    return classify(max(status, 300), message=_message(answer), retry_after=answer.retry_after)


def _message(answer: Response) -> str:
    error = answer.body.get("error")
    return str(error.get("code") or "") if isinstance(error, Mapping) else ""
