"""Tasks and notes: created once with their contact, because our key is a unique property there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot.api import HubSpotApi, blamed, by_property
from reverse_etl.connectors.hubspot.keyed import CONFLICT, Keyed, permanent, send_again
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Engagement:
    """What stands on a contact's timeline; `contact_type`: HubSpot's number of that association."""

    keyed: Keyed
    contact_type: int


TASKS: Final = Engagement(Keyed("tasks", "millrace_key"), 204)
NOTES: Final = Engagement(Keyed("notes", "millrace_key"), 202)


async def create(api: HubSpotApi, work: Work, made: Engagement) -> None:
    """Give every delivery an outcome, or raise CallFailedError for those still open."""
    inputs = [_input(work, row, made) for row in work.open]
    try:
        answer = await api.batch(work, made.keyed.kind, "create", inputs)
    except CallFailedError as failure:
        if failure.outcome.status != CONFLICT:
            raise
        await _settle_existing(api, work, made.keyed)
        work.fail(failure)
        return
    _take_results(work, answer, made.keyed)
    conflict = _take_errors(work, answer)
    if conflict:
        await _settle_existing(api, work, made.keyed)
        for row in conflict:
            text = f"HubSpot reports a conflict, but its {made.keyed.kind} do not hold this key."
            work.set(row, Outcome(Kind.PERMANENT, "CONFLICT", text, answer.status))


def _input(work: Work, row: Delivery, made: Engagement) -> dict[str, Any]:
    contact = {
        "to": {"id": work.context.references[row.id]["contact"]},
        "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": made.contact_type}
        ],
    }
    return {
        "properties": made.keyed.properties(row),
        "associations": [contact],
        "objectWriteTraceId": str(row.id),
    }


def _take_results(work: Work, answer: Response, keyed: Keyed) -> None:
    found = by_property(answer.list("results"), keyed.key)
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


async def _settle_existing(api: HubSpotApi, work: Work, keyed: Keyed) -> None:
    wanted = [{"id": row.entity_key} for row in work.open]
    answer = await api.batch(
        work, keyed.kind, "read", wanted, idProperty=keyed.key, properties=[keyed.key]
    )
    _take_results(work, answer, keyed)


async def read_back(api: HubSpotApi, work: Work, made: Engagement) -> None:
    """Delivered when an object with our key exists, else to be sent again."""
    await _settle_existing(api, work, made.keyed)
    send_again(work)
