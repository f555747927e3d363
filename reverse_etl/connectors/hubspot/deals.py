"""Deals: keyed by the opportunity, and tied to their contact and company.

A batch upsert carries no associations, so they are made after it. Making one that exists changes
nothing, and a deal counts as delivered only with all of them: whatever is lost half way is done
again from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot import keyed
from reverse_etl.connectors.hubspot.api import (
    HubSpotApi,
    blamed,
    category,
    inside,
    listed,
    message_of,
)
from reverse_etl.connectors.hubspot.keyed import Keyed, send_again
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

DEALS: Final = Keyed("deals", "millrace_deal_id")


@dataclass(frozen=True, slots=True)
class _Tie:
    """To which objects (`other`) a deal is tied when it refers to a `role`, by HubSpot's number
    of the association."""

    role: str
    other: str
    number: int


_TIES: Final = (
    _Tie("contact", "contacts", 3),
    _Tie("company", "companies", 5),  # the deal's primary company
)
_Pair = tuple[str, str]


async def upsert(api: HubSpotApi, work: Work) -> None:
    """Give every delivery an outcome."""
    written = Work(work.open, work.context, calls=work.calls)
    try:
        await keyed.upsert(api, written, DEALS)
    except CallFailedError as failure:
        written.fail(failure)
    ids = {number: told.vendor_id for number, told in written.outcomes.items() if told.vendor_id}
    for tie in _TIES:
        await _associate(api, work, tie, ids)
    for row in work.open:  # what was refused, or now stands with its associations
        if row.id in written.outcomes:
            work.set(row, written.outcomes[row.id])


def _pairs(work: Work, tie: _Tie, ids: Mapping[int, str]) -> dict[int, _Pair]:
    """Delivery → deal and other object that are to be associated."""
    references = work.context.references
    return {
        row.id: (ids[row.id], references[row.id][tie.role])
        for row in work.open
        if row.id in ids and tie.role in references.get(row.id, {})
    }


async def _associate(api: HubSpotApi, work: Work, tie: _Tie, ids: Mapping[int, str]) -> None:
    pairs = _pairs(work, tie, ids)
    if not pairs:
        return
    rows = [row for row in work.open if row.id in pairs]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": tie.number}]
    inputs = [
        {"from": {"id": deal}, "to": {"id": other}, "types": types}
        for deal, other in dict.fromkeys(pairs.values())
    ]
    try:
        answer = await api.associations(work, DEALS.kind, tie.other, "create", inputs)
    except CallFailedError as failure:
        work.fail(failure, rows)
        return
    _take_errors(work, rows, pairs, answer)


def _take_errors(
    work: Work, rows: Sequence[Delivery], pairs: Mapping[int, _Pair], answer: Response
) -> None:
    """Settle the rows whose association is not among those that HubSpot says it made."""
    errors = answer.list("errors")
    if not errors:
        return
    made = {_pair_of(item) for item in answer.list("results")}
    for row in rows:
        if pairs[row.id] not in made:
            error = next((e for e in errors if _concerns(e, pairs[row.id])), errors[0])
            work.set(row, Outcome(Kind.REFUSED, category(error), message_of(error), answer.status))


def _pair_of(item: Mapping[str, Any]) -> _Pair:
    return str(item.get("fromObjectId")), str(item.get("toObjectId"))


def _concerns(error: Mapping[str, Any], pair: _Pair) -> bool:
    return pair[0] in blamed(error, "fromObjectId") or pair[1] in blamed(error, "toObjectId")


async def read_back(api: HubSpotApi, work: Work) -> None:
    """Delivered when the deal holds what was sent and has its associations, else to be sent
    again."""
    held, status = await keyed.holders(api, work, DEALS)
    ids = {number: str(item["id"]) for number, item in held.items()}
    for tie in _TIES:
        pairs = _pairs(work, tie, ids)
        there = await _associated(api, work, tie, pairs.values()) if pairs else frozenset()
        ids = {n: deal for n, deal in ids.items() if n not in pairs or pairs[n] in there}
    for row in work.open:
        if row.id in ids:
            work.delivered(row, ids[row.id], status)
    send_again(work)


async def _associated(
    api: HubSpotApi, work: Work, tie: _Tie, pairs: Iterable[_Pair]
) -> frozenset[_Pair]:
    wanted = [{"id": deal} for deal in dict.fromkeys(deal for deal, _ in pairs)]
    answer = await api.associations(work, DEALS.kind, tie.other, "read", wanted)
    return frozenset(
        (str(inside(found, "from").get("id")), str(to.get("toObjectId")))
        for found in answer.list("results")
        for to in listed(found, "to")
    )
