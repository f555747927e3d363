"""HubSpot's associations between objects: types, and the batch endpoints of version 4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.hubspot_store import HubSpotError, Objects, Record
from reverse_etl.sandbox.hubspot_wire import body, error, multi

TYPE_IDS: Final = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tasks": "0-27",
                   "notes": "0-46"}  # fmt: skip
_NUMBERS: Final = {
    ("tasks", "contacts"): {204},
    ("tasks", "companies"): {192},
    ("tasks", "deals"): {216},
    ("notes", "contacts"): {202},
    ("notes", "companies"): {190},
    ("notes", "deals"): {214},
    ("deals", "contacts"): {3},
    ("deals", "companies"): {5, 341},
    ("contacts", "companies"): {1, 279},
    ("contacts", "deals"): {4},
}
_MOST: Final = {"create": 2000, "read": 1000}


def check_numbers(kind: str, associations: list[dict[str, Any]]) -> None:
    """Refuse associations of a new object that its kind cannot have. Raises HubSpotError."""
    known = set().union(*(n for (of, _), n in _NUMBERS.items() if of == kind))
    for association in associations:
        _check(association.get("types"), known)


def associate(request: Request, objects: Objects, others: Objects, verb: str) -> Answer:
    """Answer a batch request about associations of two kinds. Raises HubSpotError when it is
    refused as a whole."""
    if verb not in _MOST or request.method != "POST":
        raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
    inputs = body(request).get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        raise HubSpotError(400, "VALIDATION_ERROR", "Invalid input JSON: inputs is required.")
    if len(inputs) > _MOST[verb]:
        raise HubSpotError(400, "VALIDATION_ERROR", f"The maximum is {_MOST[verb]} inputs.")
    if request.spoil_item:
        raise HubSpotError(400, "VALIDATION_ERROR", "One or more inputs were not valid")
    if verb == "read":
        return _read(objects, others, inputs)
    return _create(objects, others, inputs)


def _create(objects: Objects, others: Objects, inputs: list[Mapping[str, Any]]) -> Answer:
    results, errors = [], []
    numbers = _NUMBERS.get((objects.kind, others.kind), set())
    for item in inputs:
        _check(item.get("types"), numbers)
    for item in inputs:
        one, other = objects.find(_id(item, "from")), others.find(_id(item, "to"))
        if one is None or other is None:
            errors.append(_missing(item))
            continue
        _tie(one, other, item["types"])
        results.append(
            {
                "fromObjectTypeId": TYPE_IDS[objects.kind],
                "fromObjectId": one.id,
                "toObjectTypeId": TYPE_IDS[others.kind],
                "toObjectId": other.id,
                "labels": [],
            }
        )
    return multi(results, errors, 201)


def _tie(one: Record, other: Record, types: list[Mapping[str, Any]]) -> None:
    """Once for each pair and type, however often it is asked for."""
    place = next((held for held in one.associations if str(held["to"]["id"]) == other.id), None)
    if place is None:
        one.associations.append({"to": {"id": other.id}, "types": list(types)})
    else:
        place["types"] += [kind for kind in types if kind not in place["types"]]


def _read(objects: Objects, others: Objects, inputs: list[Mapping[str, Any]]) -> Answer:
    results, errors = [], []
    for item in inputs:
        record = objects.find(str(item.get("id")))
        tied = [
            {"toObjectId": found.id, "associationTypes": _types(held)}
            for held in (record.associations if record else ())
            if (found := others.find(str(held["to"]["id"])))
        ]
        if tied:
            results.append({"from": {"id": str(item.get("id"))}, "to": tied})
        else:
            text = f"No {others.kind} are associated with {item.get('id')}."
            context = {"fromObjectId": [str(item.get("id"))]}
            errors.append(_error(HubSpotError(404, "OBJECT_NOT_FOUND", text, context)))
    return multi(results, errors, 200)


def _types(held: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"category": kind["associationCategory"], "typeId": kind["associationTypeId"]}
        for kind in held["types"]
    ]


def _check(types: object, known: set[int]) -> None:
    numbers = (
        [kind.get("associationTypeId") for kind in types if isinstance(kind, dict)]
        if isinstance(types, list)
        else []
    )
    if not numbers or not set(numbers) <= known:
        text = f"Invalid association types: {numbers}"
        raise HubSpotError(400, "VALIDATION_ERROR", text)


def _id(item: Mapping[str, Any], end: str) -> str:
    found = item.get(end)
    return str(found.get("id")) if isinstance(found, dict) else ""


def _missing(item: Mapping[str, Any]) -> dict[str, Any]:
    context = {"fromObjectId": [_id(item, "from")], "toObjectId": [_id(item, "to")]}
    text = "One or more of the objects to associate do not exist."
    return _error(HubSpotError(404, "OBJECT_NOT_FOUND", text, context))


def _error(refusal: HubSpotError) -> dict[str, Any]:
    return {**error(refusal), "context": refusal.context}
