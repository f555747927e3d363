"""Salesforce: leads, contacts, accounts, opportunities and tasks.

Key: an external id field (`Millrace_Id__c`) on every object, so a repeat cannot make a second copy.
Limits: 200 records a request, 10,000 rows a batch; the org's requests of a day, of which a share is
left to others. Credentials: an access token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from reverse_etl.connectors.base import Context, Work
from reverse_etl.connectors.http import Endpoint
from reverse_etl.connectors.outside import Outside
from reverse_etl.connectors.salesforce import objects, tasks
from reverse_etl.connectors.salesforce.api import COLLECTION, SalesforceApi
from reverse_etl.connectors.salesforce.bulk import Bulk, lost
from reverse_etl.connectors.salesforce.definitions import Definitions
from reverse_etl.connectors.salesforce.records import OBJECTS
from reverse_etl.connectors.salesforce.settings import SalesforceSettings
from reverse_etl.connectors.salesforce.usage import Usage
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Reply

_TASK: Final = "Task"
_BATCH: Final = 10_000  # rows of one bulk job: some megabytes, and one statement of the ledger


class Salesforce:
    """The connector; see reverse_etl.connectors.base.Connector."""

    destination = "salesforce"
    actions: ClassVar = {
        action: COLLECTION if kind == _TASK else _BATCH for action, kind in OBJECTS.items()
    }

    def __init__(self, settings: SalesforceSettings, outside: Outside) -> None:
        token = outside.tokens(self.destination, settings)
        endpoint = Endpoint(outside.client, settings.url, settings.timeout, token=token)
        usage = Usage(settings.keep_share)
        api = SalesforceApi(endpoint, settings.api_version, settings.external_id_field, usage)
        self._api, self._definitions = api, Definitions(api)
        self._bulk, self._bulk_above = Bulk(api, settings.bulk_wait), settings.bulk_above
        self.budget = settings.budget

    async def send(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.send."""
        work, kind = Work(batch, context), OBJECTS[batch[0].action]
        try:
            await self._definitions.check(work, kind)
            await self._write(work, kind)
        except CallFailedError as failure:
            work.fail(failure)
        return work.reply()

    async def _write(self, work: Work, kind: str) -> None:
        if kind == _TASK:
            await tasks.create(self._api, work, work.open)
            return
        cold = [row for row in work.open if not row.hot]
        if len(cold) <= self._bulk_above:
            await objects.write(self._api, work, kind, work.open)
            return
        # A hot lead does not wait for a job.
        await objects.write(self._api, work, kind, [row for row in work.open if row.hot])
        await self._bulk.write(work, kind, cold)

    async def read_back(self, batch: Sequence[Delivery], context: Context) -> Reply:
        """See Connector.read_back."""
        work, kind = Work(batch, context), OBJECTS[batch[0].action]
        try:
            if kind == _TASK:
                await tasks.read_back(self._api, work)
            else:
                await self._bulk.read_back(work)
                await objects.read_back(self._api, work, kind)
        except CallFailedError as failure:
            work.fail(lost(failure))
        return work.reply()
