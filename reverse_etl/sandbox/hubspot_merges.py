"""HubSpot's merges: a new object of two, to which both old ids lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reverse_etl.sandbox.answer import Request
from reverse_etl.sandbox.hubspot_store import HubSpotError, Objects, Record
from reverse_etl.sandbox.hubspot_wire import body

MERGEABLE: Final = frozenset({"contacts", "companies", "deals"})
_MOST: Final = 250


def merge(request: Request, objects: Objects, all_objects: Iterable[Objects]) -> Record:
    """Answer a request to merge. Raises HubSpotError."""
    if request.method != "POST" or objects.kind not in MERGEABLE:
        raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
    if request.spoil_item:
        raise HubSpotError(400, "VALIDATION_ERROR", "These objects cannot be merged.")
    sent = body(request)
    primary = _whole(objects, sent, "primaryObjectId")
    other = _whole(objects, sent, "objectIdToMerge")
    if primary.id == other.id:
        raise HubSpotError(400, "VALIDATION_ERROR", "An object cannot be merged into itself.")
    if len(primary.merged) + len(other.merged) + 2 > _MOST:
        raise HubSpotError(400, "VALIDATION_ERROR", f"At most {_MOST} objects can become one.")
    made = objects.merge(primary, other, request.at)
    for held in all_objects:
        _move(held, {primary.id, other.id}, made.id)
    return made


def _whole(objects: Objects, sent: Mapping[str, Any], name: str) -> Record:
    """The object that a request names by its own id, not by one that it had before a merge."""
    vendor_id = str(sent.get(name) or "")
    record = objects.find(vendor_id)
    if record is None:
        text = f"Object not found. objectId: {vendor_id}"
        raise HubSpotError(404, "OBJECT_NOT_FOUND", text, {"ids": [vendor_id]})
    if record.id != vendor_id:
        text = f"{vendor_id} was merged into {record.id} and cannot be merged again."
        raise HubSpotError(400, "VALIDATION_ERROR", text)
    return record


def _move(objects: Objects, old: set[str], new: str) -> None:
    """What was associated with either is associated with the new one, once."""
    for record in objects.records.values():
        if not any(str(held["to"]["id"]) in old for held in record.associations):
            continue
        moved: dict[str, dict[str, Any]] = {}
        for held in record.associations:
            to = new if str(held["to"]["id"]) in old else str(held["to"]["id"])
            moved.setdefault(to, {**held, "to": {"id": to}})
        record.associations = list(moved.values())
