"""Tasks: made once. A task that exists is never written over: somebody may have worked on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.salesforce.api import SalesforceApi, settle
from reverse_etl.connectors.salesforce.objects import record, went_missing
from reverse_etl.model import Delivery

_KIND: Final = "Task"


async def create(api: SalesforceApi, work: Work, rows: Sequence[Delivery]) -> None:
    """Give these rows an outcome, or raise CallFailedError for those still open. The upsert by
    our key is the guard against another dispatcher that makes the same task now."""
    await _settle_existing(api, work, rows)
    fresh = [row for row in rows if row.id not in work.outcomes]
    if not fresh:
        return
    answer = await api.upsert(work, _KIND, [record(api, work, row, _KIND) for row in fresh])
    for row, result in zip(fresh, answer.items, strict=True):
        settle(work, row, result, answer.status)


async def read_back(api: SalesforceApi, work: Work) -> None:
    """Delivered when a task with our key exists, else to be sent again."""
    await _settle_existing(api, work, work.open)
    for row in work.open:
        work.set(row, went_missing())


async def _settle_existing(api: SalesforceApi, work: Work, rows: Sequence[Delivery]) -> None:
    found = await api.find(work, _KIND, api.key_field, [row.entity_key for row in rows], ())
    for row in rows:
        if row.entity_key in found:
            work.delivered(row, str(found[row.entity_key]["Id"]))
