"""Signed webhooks to a receiver of one's own, by the Standard Webhooks specification.

One event a request, under an id that never changes: a receiver drops what it has seen, so a
repeat is harmless to one that keeps to the standard. It cannot be asked, though: a repeat after a
lost answer is counted, and `at_most_once` forbids it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Context, Work, cannot_ask
from reverse_etl.connectors.http import Endpoint, Response
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.tokens import SettingToken, unusable
from reverse_etl.connectors.webhook.settings import WebhookSettings
from reverse_etl.connectors.webhook.signing import keys, signed
from reverse_etl.errors import CallFailedError, ConfigurationError
from reverse_etl.model import Delivery, Kind, Outcome, Reply
from reverse_etl.retry import classify_place

_GONE: Final = 410


class Webhook:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "webhook"
    actions: ClassVar = {"post_event": 1}

    def __init__(self, settings: WebhookSettings, outside: Outside) -> None:
        self._endpoint = Endpoint(outside.client, settings.url, settings.timeout)
        self._secrets = SettingToken(lambda: outside.secret(settings.signing_secrets))
        self._at_most_once = settings.at_most_once
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        for row in batch:
            body = row.payload.encode()  # the very text that is signed
            try:
                headers = signed(row.entity_key, context.now, body, await self._keys())
                answer = await self._endpoint.call(
                    work, "POST", "", body, form="anything", headers=headers
                )
            except CallFailedError as failure:
                work.fail(failure)
                break
            work.set(row, read(answer))
        return work.reply()

    async def _keys(self) -> tuple[bytes, ...]:
        try:
            return keys(await self._secrets.token())
        except ValueError as error:
            raise unusable(ConfigurationError(f"The receiver's secret: {error}.")) from error

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """A receiver cannot be asked; the setting decides what a lost answer means."""
        return cannot_ask(batch, at_most_once=self._at_most_once)


def read(answer: Response) -> Outcome:
    """What the answer means for the event: by its status alone. 410 asks to be left alone. Pure."""
    if answer.status == _GONE:
        text = "The receiver wants no more events at this address."
        return Outcome(Kind.AUTHENTICATION, catalogue.ENDPOINT_GONE, text, answer.status)
    if 200 <= answer.status < 300:
        return Outcome(Kind.DELIVERED, "DELIVERED", status=answer.status)
    return classify_place(answer.status, retry_after=answer.retry_after)
