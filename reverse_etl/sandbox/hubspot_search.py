"""HubSpot's search: filters, one sort, pages, and at most 10,000 objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.hubspot_store import HubSpotError, Objects, Record
from reverse_etl.sandbox.hubspot_wire import CHANGED, MADE, body, shown

_MOST: Final = 10_000
_PAGE: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "GT": int.__gt__,
    "GTE": int.__ge__,
    "LT": int.__lt__,
    "LTE": int.__le__,
}


def search(request: Request, objects: Objects, lag: float) -> Answer:
    """POST …/search; what was written less than `lag` seconds ago is not found. Raises
    HubSpotError."""
    sent = body(request)
    groups, names = sent.get("filterGroups") or [], sent.get("properties")
    found = [
        record
        for record in objects.records.values()
        if record.updated <= request.at - lag
        and (not groups or any(_matches(record, group) for group in groups))
    ]
    for sort in (sent.get("sorts") or [])[:1]:
        name, downwards = sort.get("propertyName", ""), sort.get("direction") == "DESCENDING"
        found.sort(key=lambda record: _number(_value(record, name)), reverse=downwards)
    size, after = min(int(sent.get("limit") or 10), _PAGE), int(sent.get("after") or 0)
    if after + size > _MOST:
        text = f"Paging through results of more than {_MOST} is not possible."
        raise HubSpotError(400, "VALIDATION_ERROR", text)
    results = [shown(record, names) for record in found[after : after + size]]
    answer: dict[str, Any] = {"total": len(found), "results": results}
    if after + size < len(found):
        answer["paging"] = {"next": {"after": str(after + size)}}
    return Answer(200, answer)


def _matches(record: Record, group: Mapping[str, Any]) -> bool:
    return all(_holds(record, rule) for rule in group.get("filters") or [])


def _holds(record: Record, rule: Mapping[str, Any]) -> bool:
    value, wanted = _value(record, rule.get("propertyName", "")), str(rule.get("value"))
    compare = _COMPARISONS.get(str(rule.get("operator")))
    if compare is not None:
        return compare(_number(value), _number(wanted))
    return value.lower() == wanted.lower()


def _value(record: Record, name: str) -> str:
    if name in CHANGED | MADE:
        return str(_millis(record.updated if name in CHANGED else record.created))
    return record.properties.get(name, "")


def _millis(at: float) -> int:
    """As `updatedAt` shows it: cut off, not rounded."""
    return (datetime.fromtimestamp(at, UTC) - _EPOCH) // timedelta(milliseconds=1)


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else 0
