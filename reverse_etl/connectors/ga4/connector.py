"""Google Analytics 4 by the Measurement Protocol, or a server-side Tag Manager that speaks it.

Google answers 204 to whatever it receives, also to what it throws away: each event is checked
before it leaves. It cannot be asked either: by default a lost answer leads to a repeat, counted as
a possible repeat; `at_most_once` gives the event up instead. A request is about one client, and so
about one row. Limits: 25 events, 130 kB, 72 hours back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final
from urllib.parse import urlencode

import orjson

from reverse_etl.connectors.base import Context, Work, cannot_ask
from reverse_etl.connectors.ga4.preflight import refusal
from reverse_etl.connectors.ga4.settings import Ga4Settings
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.tokens import SettingToken
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Reply
from reverse_etl.retry import classify_place

_COLLECT: Final = "/mp/collect"


class Ga4:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "ga4"
    actions: ClassVar = {"send_event": 1}

    def __init__(self, settings: Ga4Settings, outside: Outside) -> None:
        self._endpoint = Endpoint(outside.client, settings.url, settings.timeout)
        self._stream = settings.measurement_id or ""
        self._api_secret = SettingToken(lambda: outside.secret(settings.api_secret))
        self._at_most_once = settings.at_most_once
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work = Work(batch, context)
        for row in batch:
            content = orjson.dumps(row.body)
            if refused := refusal(row.body, len(content), context.now):
                work.set(row, refused)
                continue
            try:
                answer = await self._endpoint.call(
                    work, "POST", await self._place(), content, form="anything"
                )
            except CallFailedError as failure:
                work.fail(failure)
                break
            if 200 <= answer.status < 300:
                work.delivered(row, None, answer.status)
            else:
                work.set(row, classify_place(answer.status, retry_after=answer.retry_after))
        return work.reply()

    async def _place(self) -> str:
        api_secret = await self._api_secret.token()
        return f"{_COLLECT}?{urlencode({'measurement_id': self._stream, 'api_secret': api_secret})}"

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """Google cannot be asked; the setting decides what a lost answer means."""
        return cannot_ask(batch, at_most_once=self._at_most_once)
