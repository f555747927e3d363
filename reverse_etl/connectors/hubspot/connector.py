"""HubSpot CRM: contacts, companies, deals, tasks and notes.

Each kind bears our key in a unique property, so a repeat cannot make a second copy. Limits: 100
items a request; requests per 10 seconds by plan (`HubSpotSettings`). Credentials: a private app's
access token; README.md names its scopes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from reverse_etl.connectors.base import Context, Found, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.hubspot import contacts, deals, engagements, keyed
from reverse_etl.connectors.hubspot.api import HubSpotApi
from reverse_etl.connectors.hubspot.contacts import CONTACTS
from reverse_etl.connectors.hubspot.engagements import NOTES, TASKS
from reverse_etl.connectors.hubspot.keyed import Keyed
from reverse_etl.connectors.hubspot.properties import Properties
from reverse_etl.connectors.hubspot.settings import HubSpotSettings
from reverse_etl.connectors.outside import Outside
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Reply

_BATCH: Final = 100
_COMPANIES: Final = Keyed("companies", "millrace_account_id")
_Act = Callable[[HubSpotApi, Work], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an action does: to objects of which kind, how, and how it is read back."""

    kind: str
    send: _Act
    read: _Act


_EFFECTS: Final[Mapping[str, _Effect]] = {
    "upsert_company": _Effect(
        _COMPANIES.kind,
        partial(keyed.upsert, keyed=_COMPANIES),
        partial(keyed.read_back, keyed=_COMPANIES),
    ),
    "upsert_contact": _Effect(
        CONTACTS.kind, contacts.upsert, partial(keyed.read_back, keyed=CONTACTS)
    ),
    "upsert_deal": _Effect(deals.DEALS.kind, deals.upsert, deals.read_back),
    "create_note": _Effect(
        NOTES.keyed.kind,
        partial(engagements.create, made=NOTES),
        partial(engagements.read_back, made=NOTES),
    ),
    "create_task": _Effect(
        TASKS.keyed.kind,
        partial(engagements.create, made=TASKS),
        partial(engagements.read_back, made=TASKS),
    ),
}
_LOOKED_AT: Final[Mapping[str, Keyed]] = {
    "upsert_company": _COMPANIES,
    "upsert_contact": CONTACTS,
    "upsert_deal": deals.DEALS,
}


class HubSpot:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "hubspot"
    actions: ClassVar = dict.fromkeys(_EFFECTS, _BATCH)

    def __init__(self, settings: HubSpotSettings, outside: Outside) -> None:
        token = outside.tokens(self.destination, settings)
        endpoint = Endpoint(outside.client, settings.url, settings.timeout, token=token)
        self._api = HubSpotApi(endpoint, settings.api_version)
        self._properties = Properties(self._api)
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        return await self._work(batch, context, _EFFECTS[batch[0].action].send)

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.read_back."""
        return await self._work(batch, context, _EFFECTS[batch[0].action].read)

    def looks(self, action: str) -> bool:
        """See Looker.looks: of what is made once, there is nothing to compare."""
        return action in _LOOKED_AT

    async def look(
        self, action: str, keys: Sequence[str], names: Sequence[str], context: Context
    ) -> Found:
        """See Looker.look."""
        work, looked_at = Work((), context), _LOOKED_AT[action]
        if not await self._properties.has(work, looked_at.kind, looked_at.key):
            return {}  # a portal that we never wrote to
        return await keyed.look(self._api, work, looked_at, keys, names)

    async def _work(
        self,
        batch: Sequence[Delivery],
        context: Context,
        act: _Act,
    ) -> Reply:
        work = Work(batch, context)
        used = {
            name
            for row in batch
            for name in (*row.body["properties"], *row.body.get("when_new", ()))
        }
        try:
            await self._properties.ensure(work, _EFFECTS[batch[0].action].kind, used)
            await act(self._api, work)
        except CallFailedError as failure:
            work.fail(failure)
        return work.reply()
