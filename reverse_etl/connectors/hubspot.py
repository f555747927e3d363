"""HubSpot CRM: contacts and tasks.

Keys: `millrace_id` on contacts and `millrace_key` on tasks, both unique, so a repeat cannot make a
second copy. Limits: 100 items a request; requests per 10 seconds by plan (`HubSpotSettings`).
Credentials: a private app's access token with the scopes crm.objects.contacts.read/write and
crm.schemas.contacts.read/write.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import httpx

from reverse_etl.connectors import hubspot_contacts, hubspot_tasks
from reverse_etl.connectors.base import Context, Repeat, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.hubspot_api import HubSpotApi, HubSpotSettings
from reverse_etl.connectors.hubspot_properties import Properties
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Reply

_BATCH = 100
_KINDS = {"upsert_contact": "contacts", "create_task": "tasks"}
_SEND = {"upsert_contact": hubspot_contacts.upsert, "create_task": hubspot_tasks.create}
_READ = {"upsert_contact": hubspot_contacts.read_back, "create_task": hubspot_tasks.read_back}


class HubSpot:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "hubspot"

    def __init__(self, settings: HubSpotSettings, client: httpx.AsyncClient) -> None:
        headers = {"authorization": f"Bearer {settings.token}"}
        endpoint = Endpoint(client, settings.url, headers, settings.timeout)
        self._api = HubSpotApi(endpoint, settings.version)
        self._properties = Properties(self._api)
        self.budget = settings.budget

    def max_batch(self, action: str) -> int:
        """100 for what we know."""
        return _BATCH if action in _KINDS else 0

    def repeat(self, action: str) -> Repeat:
        """A contact is written over; a second task with the same key is refused."""
        return "refused" if action == "create_task" else "harmless"

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
