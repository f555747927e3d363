"""HubSpot's batch endpoints: partial success where HubSpot has it, all or an error elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.hubspot_associations import check_numbers
from reverse_etl.sandbox.hubspot_store import HubSpotError, Objects, Record
from reverse_etl.sandbox.hubspot_wire import body, error, mapping, multi, shown

_BATCH: Final = 100


def batch(request: Request, objects: Objects, verb: str, *, partial: bool) -> Answer:
    """Answer a batch request. Raises HubSpotError when it is refused as a whole."""
    acts: dict[str, Callable[[Mapping[str, Any]], Record]] = {
        "create": lambda item: create(objects, item, request.at),
        "update": lambda item: objects.update(
            _existing(objects, item, item.get("idProperty")),
            mapping(item, "properties"),
            request.at,
        ),
        "upsert": lambda item: _upsert(objects, item, request.at),
    }
    sent = body(request)
    inputs = _inputs(sent)
    if verb == "read":
        return _read(objects, inputs, sent)
    if verb not in acts:
        raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
    traced = all(item.get("objectWriteTraceId") for item in inputs)
    return _write(acts[verb], inputs, request, partial=partial and traced and verb != "upsert")


def create(objects: Objects, item: Mapping[str, Any], at: float) -> Record:
    """A new object with its associations. Raises HubSpotError."""
    associations = item.get("associations") or []
    check_numbers(objects.kind, associations)
    return objects.create(mapping(item, "properties"), associations, at)


def _write(
    act: Callable[[Mapping[str, Any]], Record],
    inputs: list[Mapping[str, Any]],
    request: Request,
    *,
    partial: bool,
) -> Answer:
    """A batch write; without partial success the first error refuses the whole request.

    An error found half way leaves what went before it in place, as a caller must expect.
    """
    results, errors = [], []
    for number, item in enumerate(inputs):
        try:
            if request.spoil_item and number == 0:
                raise HubSpotError(400, "VALIDATION_ERROR", "Property values were not valid")
            results.append(shown(act(item)))
        except HubSpotError as refusal:
            missing = refusal.category == "OBJECT_NOT_FOUND"
            if not partial and not (missing and request.path.endswith("update")):
                raise
            trace = {"objectWriteTraceId": [str(item.get("objectWriteTraceId"))]}
            errors.append({**error(refusal), "context": {**refusal.context, **trace}})
    return multi(results, errors, 201 if request.path.endswith("create") else 200)


def _read(objects: Objects, inputs: list[Mapping[str, Any]], sent: Mapping[str, Any]) -> Answer:
    id_property = sent.get("idProperty")
    found, missing = [], []
    for item in inputs:
        value = str(item.get("id"))
        record = objects.find(value, id_property)
        found.append(shown(record, sent.get("properties"))) if record else missing.append(value)
    errors = []
    if missing:
        text = f"Could not get some {objects.kind[:-1].upper()} objects, they may be deleted."
        refusal = HubSpotError(404, "OBJECT_NOT_FOUND", text, {"ids": missing})
        errors = [{**error(refusal), "context": refusal.context}]
    return multi(found, errors, 200)


def _upsert(objects: Objects, item: Mapping[str, Any], at: float) -> Record:
    id_property, value = item.get("idProperty"), str(item.get("id"))
    if not id_property:
        raise HubSpotError(400, "VALIDATION_ERROR", "idProperty is required")
    properties = {**mapping(item, "properties"), id_property: value}
    record = objects.find(value, id_property)
    if record is None:
        return objects.create(properties, [], at)
    return objects.update(record, properties, at)


def _existing(objects: Objects, item: Mapping[str, Any], id_property: str | None) -> Record:
    value = str(item.get("id"))
    record = objects.find(value, id_property)
    if record is None:
        text = "Could not get some objects, they may be deleted or not exist. Check the ids."
        raise HubSpotError(404, "OBJECT_NOT_FOUND", text, {"ids": [value]})
    return record


def _inputs(sent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inputs = sent.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        raise HubSpotError(400, "VALIDATION_ERROR", "Invalid input JSON: inputs is required.")
    if len(inputs) > _BATCH:
        raise HubSpotError(400, "VALIDATION_ERROR", "The maximum batch size is 100.")
    return inputs
