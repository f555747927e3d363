"""Records of a simulated org over REST: collections of up to 200, and one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.salesforce_soql import attributes
from reverse_etl.sandbox.salesforce_store import KEYS, Objects, Org, SalesforceError, describe
from reverse_etl.sandbox.salesforce_wire import body, failed, kind_of, problem, succeeded

_MOST: Final = 200
Write = Callable[[Mapping[str, Any]], dict[str, Any]]


def collection(org: Org, request: Request, rest: str) -> Answer:
    """A request below composite/sobjects. Raises SalesforceError."""
    parts = [unquote(part) for part in rest.strip("/").split("/") if part]
    if request.method == "DELETE":
        return _delete_many(org, request)
    if len(parts) == 1:
        return _retrieve(org.kind(parts[0]), request)
    sent = body(request)
    records = sent.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise SalesforceError("JSON_PARSER_ERROR", "records must be a list of objects")
    if len(records) > _MOST:
        text = "record limit reached. cannot submit more than 200 records in this call"
        raise SalesforceError("EXCEEDED_ID_LIMIT", text)
    write = _writer(org, request, parts)
    for record in records:
        org.kind(kind_of(record)).check_names(_names(record))
    if sent.get("allOrNone") is True:
        return _all_or_none(org, records, write)
    return Answer(200, _results(org, request, records, write))


def _writer(org: Org, request: Request, parts: Sequence[str]) -> Write:
    if not parts and request.method == "POST":
        return lambda record: succeeded(org.kind(kind_of(record)).create(record, request.at)["Id"])
    if not parts and request.method == "PATCH":
        return lambda record: succeeded(
            org.kind(kind_of(record)).update(_id(record), record, request.at)["Id"]
        )
    if len(parts) == 2 and request.method == "PATCH":
        objects, name = org.kind(parts[0]), _external(org.kind(parts[0]), parts[1])

        def upsert(record: Mapping[str, Any]) -> dict[str, Any]:
            if kind_of(record) != objects.kind:
                raise SalesforceError("INVALID_TYPE", f"The record is no {objects.kind}")
            if not record.get(name):
                raise SalesforceError("MISSING_ARGUMENT", f"{name} not specified", [name])
            given = {key: value for key, value in record.items() if key != name}
            made, created = objects.upsert(name, str(record[name]), given, request.at)
            return succeeded(made["Id"], created)

        return upsert
    raise SalesforceError("METHOD_NOT_ALLOWED", "HTTP Method not allowed", (), 405)


def _results(
    org: Org, request: Request, records: Sequence[Mapping[str, Any]], write: Write
) -> list[dict[str, Any]]:
    results = []
    for number, record in enumerate(records):
        try:
            if request.spoil_item and number == 0:
                raise spoilt(org.kind(kind_of(record)))
            results.append(write(record))
        except SalesforceError as error:
            results.append(failed(error))
    return results


def spoilt(objects: Objects) -> SalesforceError:
    """What goes wrong with an item by plan: a duplicate rule for leads, a lock for the others."""
    if objects.kind == "Lead":
        text = "Use one of these records?"
        return SalesforceError("DUPLICATES_DETECTED", text)
    return SalesforceError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


def _all_or_none(org: Org, records: Sequence[Mapping[str, Any]], write: Write) -> Answer:
    before = {
        kind: ({key: dict(record) for key, record in each.records.items()}, set(each.deleted))
        for kind, each in org.objects.items()
    }
    results: list[dict[str, Any]] = []
    for record in records:
        try:
            results.append(write(record))
        except SalesforceError as error:
            results.append(failed(error))
    if not all(result["success"] for result in results):
        for kind, (kept, deleted) in before.items():
            org.objects[kind].restore(kept, deleted)
        text = "Record rolled back because not all records were valid"
        rolled_back = failed(SalesforceError("ALL_OR_NONE_OPERATION_ROLLED_BACK", text))
        results = [rolled_back if result["success"] else result for result in results]
    return Answer(200, results)


def _delete_many(org: Org, request: Request) -> Answer:
    results = []
    for key in request.query.get("ids", "").split(","):
        try:
            _owner(org, key).delete(key, request.at)
            results.append(succeeded(key))
        except SalesforceError as error:
            results.append(failed(error))
    return Answer(200, results)


def _owner(org: Org, key: str) -> Objects:
    for objects in org.objects.values():
        if key in objects.records:
            return objects
    raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _retrieve(objects: Objects, request: Request) -> Answer:
    if request.method == "GET":
        ids = request.query.get("ids", "").split(",")
        names = request.query.get("fields", "Id").split(",")
    else:
        sent = body(request)
        ids, names = list(sent.get("ids") or []), list(sent.get("fields") or ["Id"])
    objects.check_names(names)
    found = {key: record for key in ids for record in objects.find("Id", key)}
    version = request.path.split("/")[3]
    return Answer(
        200,
        [_shown(objects, found[key], names, version) if key in found else None for key in ids],
    )


def single(org: Org, request: Request, rest: str, version: str) -> Answer:
    """A request below sobjects. Raises SalesforceError."""
    parts = [unquote(part) for part in rest.strip("/").split("/") if part]
    if not parts:
        shown = [{"name": kind, "queryable": True} for kind in org.objects]
        return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})
    objects = org.kind(parts[0])
    if len(parts) == 1 and request.method == "POST":
        if request.spoil_item:
            raise spoilt(objects)
        return Answer(201, succeeded(objects.create(body(request), request.at)["Id"]))
    if len(parts) == 2 and parts[1] == "describe":
        return Answer(200, describe(objects))
    if len(parts) == 2:
        return _by_id(objects, request, parts[1], version)
    if len(parts) == 3:
        return _by_key(objects, request, _external(objects, parts[1]), parts[2], version)
    raise SalesforceError("NOT_FOUND", "The requested resource does not exist", (), 404)


def _by_id(objects: Objects, request: Request, key: str, version: str) -> Answer:
    if request.method == "PATCH":
        objects.update(key, body(request), request.at)
        return Answer(204, None)
    if request.method == "DELETE":
        objects.delete(key, request.at)
        return Answer(204, None)
    return Answer(200, _shown(objects, objects.get(key), _wanted(objects, request), version))


def _by_key(objects: Objects, request: Request, name: str, value: str, version: str) -> Answer:
    found = objects.find(name, value)
    if len(found) > 1:
        return Answer(300, [attributes(objects.kind, each["Id"], version)["url"] for each in found])
    if request.method == "PATCH":
        record, made = objects.upsert(name, value, body(request), request.at)
        return Answer(201 if made else 200, succeeded(record["Id"], made))
    if not found:
        return problem(SalesforceError("NOT_FOUND", "Provided external ID not found", (), 404))
    if request.method == "DELETE":
        objects.delete(found[0]["Id"], request.at)
        return Answer(204, None)
    return Answer(200, _shown(objects, found[0], _wanted(objects, request), version))


def _wanted(objects: Objects, request: Request) -> list[str]:
    names = request.query.get("fields")
    wanted = names.split(",") if names else sorted(objects.names)
    objects.check_names(wanted)
    return wanted


def _shown(
    objects: Objects, record: Mapping[str, Any], names: Sequence[str], version: str
) -> dict[str, Any]:
    shown = {name: record.get(name) for name in {*names, "Id"}}
    return {"attributes": attributes(objects.kind, record["Id"], version), **shown}


def _names(record: Mapping[str, Any]) -> list[str]:
    return [name for name in record if name not in ("attributes", "id", "Id")]


def _id(record: Mapping[str, Any]) -> str:
    found = record.get("id") or record.get("Id")
    if not found:
        raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call")
    return str(found)


def _external(objects: Objects, name: str) -> str:
    if name not in KEYS:
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        raise SalesforceError("NOT_FOUND", text, (), 404)
    return name
