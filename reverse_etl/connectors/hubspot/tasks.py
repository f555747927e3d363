"""Tasks: created once, because our key is a unique property over there."""

from __future__ import annotations

from typing import Any

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot.api import HubSpotApi, blamed, by_property
from reverse_etl.connectors.hubspot.contacts import permanent
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

_KIND = "tasks"
_KEY = "millrace_key"
_CONFLICT = 409
_TASK_TO_CONTACT = 204


async def create(api: HubSpotApi, work: Work) -> None:
    """Give every delivery an outcome, or raise CallFailedError for those still open."""
    try:
        answer = await api.batch(work, _KIND, "create", [_input(work, row) for row in work.open])
    except CallFailedError as failure:
        if failure.outcome.status != _CONFLICT:
            raise
        await _settle_existing(api, work)
        work.fail(failure)
        return
    _take_results(work, answer)
    conflict = _take_errors(work, answer)
    if conflict:
        await _settle_existing(api, work)
        for row in conflict:
            text = "HubSpot reports a conflict, but holds no task with this key."
            work.set(row, Outcome(Kind.PERMANENT, "CONFLICT", text, answer.status))


def _input(work: Work, row: Delivery) -> dict[str, Any]:
    contact = {
        "to": {"id": work.context.references[row.id]["contact"]},
        "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TASK_TO_CONTACT}
        ],
    }
    return {
        "properties": {**row.body["properties"], _KEY: row.entity_key},
        "associations": [contact],
        "objectWriteTraceId": str(row.id),
    }


def _take_results(work: Work, answer: Response) -> None:
    found = by_property(answer.list("results"), _KEY)
    for row in work.open:
        if row.entity_key in found:
            work.delivered(row, str(found[row.entity_key]["id"]), answer.status)


def _take_errors(work: Work, answer: Response) -> list[Delivery]:
    """Settle what HubSpot refused by name; returns the rows that exist there already."""
    conflict: list[Delivery] = []
    for error in answer.list("errors"):
        traces = blamed(error, "objectWriteTraceId")
        for row in [row for row in work.open if str(row.id) in traces]:
            if error.get("category") == "CONFLICT":
                conflict.append(row)
            else:
                work.set(row, permanent(error, answer.status))
    return conflict


async def _settle_existing(api: HubSpotApi, work: Work) -> None:
    wanted = [{"id": row.entity_key} for row in work.open]
    answer = await api.batch(work, _KIND, "read", wanted, idProperty=_KEY, properties=[_KEY])
    _take_results(work, answer)


async def read_back(api: HubSpotApi, work: Work) -> None:
    """Delivered when a task with our key exists, else to be sent again."""
    await _settle_existing(api, work)
    for row in work.open:
        work.set(row, Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, "It did not arrive."))
