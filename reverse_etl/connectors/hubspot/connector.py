"""HubSpot CRM: contacts and tasks.

Keys: `millrace_id` on contacts and `millrace_key` on tasks, both unique, so a repeat cannot make a
second copy. Limits: 100 items a request; requests per 10 seconds by plan (`HubSpotSettings`).
Credentials: a private app's access token with the scopes crm.objects.contacts.read/write and
crm.schemas.contacts.read/write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from reverse_etl.connectors.base import Context, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.hubspot import contacts, tasks
from reverse_etl.connectors.hubspot.api import HubSpotApi
from reverse_etl.connectors.hubspot.properties import Properties
from reverse_etl.connectors.hubspot.settings import HubSpotSettings
from reverse_etl.connectors.outside import Outside
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Reply

_BATCH = 100
_KINDS = {"upsert_contact": "contacts", "create_task": "tasks"}
_SEND = {"upsert_contact": contacts.upsert, "create_task": tasks.create}
_READ = {"upsert_contact": contacts.read_back, "create_task": tasks.read_back}


class HubSpot:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "hubspot"
    actions = dict.fromkeys(_KINDS, _BATCH)

    def __init__(self, settings: HubSpotSettings, outside: Outside) -> None:
        token = outside.tokens(self.destination, settings)
        endpoint = Endpoint(outside.client, settings.url, settings.timeout, token=token)
        self._api = HubSpotApi(endpoint, settings.api_version)
        self._properties = Properties(self._api)
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        return await self._work(batch, context, _SEND[batch[0].action])

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.read_back."""
        return await self._work(batch, context, _READ[batch[0].action])

    async def _work(
        self,
        batch: Sequence[Delivery],
        context: Context,
        act: Callable[[HubSpotApi, Work], Awaitable[None]],
    ) -> Reply:
        work = Work(batch, context)
        used = {name for row in batch for name in row.body["properties"]}
        try:
            await self._properties.ensure(work, _KINDS[batch[0].action], used)
            await act(self._api, work)
        except CallFailedError as failure:
            work.fail(failure)
        return work.reply()
