"""Objects that bear our key in a unique property: update by id where we know it, else upsert.

The unique property is what makes a repeat harmless and reading back sure. HubSpot's search is
never asked: it lags behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Found, Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot.api import (
    HubSpotApi,
    blamed,
    by_property,
    category,
    message_of,
    properties_of,
)
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome
from reverse_etl.values import same_field

CONFLICT: Final = 409
_NOT_FOUND: Final = "OBJECT_NOT_FOUND"
_CONFLICT_CATEGORY: Final = "CONFLICT"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A kind of objects, by HubSpot's name (`contacts`), and the property that holds our key."""

    kind: str
    key: str

    def properties(self, row: Delivery) -> dict[str, str]:
        """What a delivery wants there, with our key."""
        return {**row.body["properties"], self.key: row.entity_key}

    def first_properties(self, row: Delivery) -> dict[str, str]:
        """The same, with what belongs to HubSpot once the object is there."""
        return {**row.body.get("when_new", {}), **self.properties(row)}


@dataclass(slots=True)
class Refused:
    """What an update by id left open: objects that do not exist (any more), and rows of which
    HubSpot says that another object has a value that must be unique."""

    missing: list[Delivery] = field(default_factory=list)
    conflicting: list[tuple[Delivery, Outcome]] = field(default_factory=list)

    def __iadd__(self, other: Refused) -> Refused:
        self.missing += other.missing
        self.conflicting += other.conflicting
        return self


async def upsert(api: HubSpotApi, work: Work, keyed: Keyed) -> None:
    """Bring the objects of all open rows up to date. Raises CallFailedError for those still open.

    An object that bears our key is ours, whatever id we had for it.
    """
    known = known_ids(work)
    left = await update(api, work, keyed, work.open, known) if known else Refused()
    elsewhere = [row for row, _ in left.conflicting]
    fresh = [row for row in work.open if row.id not in known or row in left.missing]
    if fresh or elsewhere:
        await upsert_by_key(api, work, keyed, [*fresh, *elsewhere])


def known_ids(work: Work) -> dict[int, str]:
    """The ids of the open rows' objects, where we know them."""
    ids = work.context.vendor_ids
    return {row.id: ids[row.id] for row in work.open if row.id in ids}


async def upsert_by_key(
    api: HubSpotApi,
    work: Work,
    keyed: Keyed,
    rows: Sequence[Delivery],
) -> None:
    """One batch upsert. Raises CallFailedError."""
    inputs = [
        {
            "id": row.entity_key,
            "idProperty": keyed.key,
            "properties": keyed.first_properties(row),
            "objectWriteTraceId": str(row.id),
        }
        for row in rows
    ]
    answer = await api.batch(work, keyed.kind, "upsert", inputs)
    found = by_property(answer.list("results"), keyed.key)
    for row in rows:
        if row.entity_key in found:
            work.delivered(row, str(found[row.entity_key]["id"]), answer.status)
    for error in answer.list("errors"):
        traces = blamed(error, "objectWriteTraceId")
        for row in rows:
            if str(row.id) in traces:
                work.set(row, permanent(error, answer.status))


async def update(
    api: HubSpotApi,
    work: Work,
    keyed: Keyed,
    rows: Sequence[Delivery],
    ids: Mapping[int, str],
) -> Refused:
    """Update by id those rows that have one; says what is left to do otherwise."""
    sent = [row for row in rows if row.id in ids]
    try:
        answer = await api.batch(work, keyed.kind, "update", _updates(keyed, sent, ids))
    except CallFailedError as failure:
        if failure.outcome.status == 404:
            return await _without_missing(api, work, keyed, sent, ids, failure)
        if failure.outcome.status == CONFLICT:
            return await _without_conflicting(api, work, keyed, sent, ids, failure)
        work.fail(failure, sent)
        return Refused()
    results = answer.list("results")
    by_key = by_property(results, keyed.key)
    by_id = {str(item.get("id")): item for item in results}
    settled = set()
    for row in sent:
        item = by_key.get(row.entity_key) or by_id.get(ids[row.id])
        if item:
            settled.add(row.id)
            work.delivered(row, str(item["id"]), answer.status)
    return _refused(work, [row for row in sent if row.id not in settled], ids, answer)


def _updates(
    keyed: Keyed, rows: Sequence[Delivery], ids: Mapping[int, str]
) -> list[dict[str, Any]]:
    return [
        {
            "id": ids[row.id],
            "properties": keyed.properties(row),
            "objectWriteTraceId": str(row.id),
        }
        for row in rows
    ]


async def _without_missing(
    api: HubSpotApi,
    work: Work,
    keyed: Keyed,
    rows: Sequence[Delivery],
    ids: Mapping[int, str],
    failure: CallFailedError,
) -> Refused:
    if len(rows) == 1:
        return Refused(missing=list(rows))
    body = failure.answer.body if isinstance(failure.answer, Response) else {}
    gone = blamed(body, "ids")
    lost = [row for row in rows if ids[row.id] in gone]
    if not lost:
        work.fail(failure, rows)  # HubSpot does not say which one: the dispatcher bisects
        return Refused()
    left = Refused(missing=lost)
    if rest := [row for row in rows if ids[row.id] not in gone]:
        left += await update(api, work, keyed, rest, ids)
    return left


async def _without_conflicting(
    api: HubSpotApi,
    work: Work,
    keyed: Keyed,
    rows: Sequence[Delivery],
    ids: Mapping[int, str],
    failure: CallFailedError,
) -> Refused:
    if len(rows) == 1:
        return Refused(conflicting=[(rows[0], failure.outcome)])
    half = len(rows) // 2
    left = await update(api, work, keyed, rows[:half], ids)
    left += await update(api, work, keyed, rows[half:], ids)
    return left


def _refused(
    work: Work, rows: Sequence[Delivery], ids: Mapping[int, str], answer: Response
) -> Refused:
    left = Refused()
    for error in answer.list("errors"):
        traces, gone = blamed(error, "objectWriteTraceId"), blamed(error, "ids")
        hit = [row for row in rows if str(row.id) in traces or ids[row.id] in gone]
        still_open = [row for row in hit if row.id not in work.outcomes]
        if category(error) == _NOT_FOUND:
            left.missing += still_open
        elif category(error) == _CONFLICT_CATEGORY:
            left.conflicting += [(row, permanent(error, answer.status)) for row in still_open]
        else:
            for row in hit:
                work.set(row, permanent(error, answer.status))
    return left


async def holders(
    api: HubSpotApi, work: Work, keyed: Keyed
) -> tuple[dict[int, Mapping[str, Any]], int]:
    """The objects that hold exactly what the open rows sent, by delivery; and the status."""
    names = sorted({name for row in work.open for name in keyed.properties(row)})
    wanted = [{"id": row.entity_key} for row in work.open]
    answer = await api.batch(
        work, keyed.kind, "read", wanted, idProperty=keyed.key, properties=names
    )
    found = by_property(answer.list("results"), keyed.key)
    held = {
        row.id: found[row.entity_key]
        for row in work.open
        if row.entity_key in found
        and _holds(properties_of(found[row.entity_key]), keyed.properties(row))
    }
    return held, answer.status


async def read_back(api: HubSpotApi, work: Work, keyed: Keyed) -> None:
    """Delivered when the object holds what was sent, else to be sent again."""
    held, status = await holders(api, work, keyed)
    for row in work.open:
        if item := held.get(row.id):
            work.delivered(row, str(item["id"]), status)
    send_again(work)


def send_again(work: Work) -> None:
    """What is still open did not arrive."""
    for row in work.open:
        work.set(row, Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, "It did not arrive."))


def _holds(there: Mapping[str, Any], ours: Mapping[str, str]) -> bool:
    return all(same_field(name, there.get(name), value) for name, value in ours.items())


def permanent(error: Mapping[str, Any], status: int) -> Outcome:
    """An item's own error."""
    return Outcome(Kind.PERMANENT, category(error), message_of(error), status)


async def look(
    api: HubSpotApi, work: Work, keyed: Keyed, keys: Sequence[str], names: Sequence[str]
) -> Found:
    """Objects as they are, by our key, over these properties. Raises CallFailedError."""
    wanted = [{"id": key} for key in keys]
    properties = sorted({*names, keyed.key})
    answer = await api.batch(
        work, keyed.kind, "read", wanted, idProperty=keyed.key, properties=properties
    )
    items = by_property(answer.list("results"), keyed.key)
    return {key: properties_of(item) for key, item in items.items()}
