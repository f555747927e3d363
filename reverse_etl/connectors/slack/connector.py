"""Slack: messages to a channel, posted by a bot.

Slack keeps no idempotency key, so each message carries ours in its metadata, and after a lost
answer the channel's history is read for it. One message a request: Slack takes about one a second
in a channel. Credentials: a bot token with the scopes chat:write and channels:history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.slack.answers import in_vain, read
from reverse_etl.connectors.slack.settings import SlackSettings
from reverse_etl.connectors.tokens import SettingToken
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome, Reply

_POST: Final = "/api/chat.postMessage"
_HISTORY: Final = "/api/conversations.history"
_EVENT_TYPE: Final = "millrace_message"
_PAGE: Final = 200
_PAGES: Final = 5
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
# What a lead wrote about itself must not fetch pages into the channel.
_NO_PREVIEWS: Final = {"unfurl_links": False, "unfurl_media": False}


class Slack:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "slack"
    actions: ClassVar = {"post_message": 1}

    def __init__(self, settings: SlackSettings, outside: Outside) -> None:
        token = SettingToken(lambda: outside.secret(settings.token))
        self._endpoint = Endpoint(outside.client, settings.url, settings.timeout, token=token)
        self._channel = settings.channel
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        for row in batch:
            try:
                answer = await self._endpoint.call(work, "POST", _POST, self._message(row))
            except CallFailedError as failure:
                work.fail(failure)
                break
            work.set(row, read(answer))
        return work.reply()

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.read_back."""
        work = Work(batch, context)
        for row in batch:
            try:
                work.set(row, await self._find(work, row))
            except CallFailedError as failure:
                work.fail(failure)
        return work.reply()

    def _message(self, row: Delivery) -> dict[str, Any]:
        key = {"event_type": _EVENT_TYPE, "event_payload": {"key": row.entity_key}}
        return {"channel": self._channel, **_NO_PREVIEWS, **row.body, "metadata": key}

    async def _find(self, work: Work, row: Delivery) -> Outcome:
        """Look for the message in what was posted since the row exists, newest first."""
        channel = row.body.get("channel") or self._channel
        cursor = ""
        for _ in range(_PAGES):
            answer = await self._endpoint.call(work, "GET", _history(channel, row, cursor))
            outcome = read(answer)
            if outcome.kind is not Kind.DELIVERED:
                return in_vain(outcome)
            for message in answer.list("messages"):
                if _key_of(message) == row.entity_key:
                    place = f"{channel}/{message.get('ts')}"
                    return Outcome(Kind.DELIVERED, "DELIVERED", status=200, vendor_id=place)
            cursor = _next_cursor(answer.body)
            if not cursor:
                return Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, "It was not posted.")
        text = "More was posted in the channel since than is read back."
        return Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, text)


def _history(channel: str | None, row: Delivery, cursor: str) -> str:
    since = (row.created_at - _CLOCKS_DIFFER).timestamp()
    asked = {
        "channel": channel or "",
        "include_all_metadata": "true",
        "limit": str(_PAGE),
        "oldest": f"{since:.6f}",
        **({"cursor": cursor} if cursor else {}),
    }
    return f"{_HISTORY}?{urlencode(asked)}"


def _key_of(message: Mapping[str, Any]) -> object:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return payload.get("key") if isinstance(payload, Mapping) else None


def _next_cursor(body: Mapping[str, Any]) -> str:
    paging = body.get("response_metadata")
    return str(paging.get("next_cursor") or "") if isinstance(paging, Mapping) else ""
