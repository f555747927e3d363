"""A simulated HubSpot CRM: objects, properties, limits and errors as its documents describe."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request
from reverse_etl.sandbox.hubspot_store import FIRST_ID, HubSpotError, Objects, Record, stamp

_KINDS: Final = ("contacts", "companies", "deals", "tasks")
_VERSION: Final = r"v3|\d{4}-\d{2}"
_OBJECTS: Final = re.compile(
    rf"^/crm/(?:objects/(?P<dated>{_VERSION})|(?P<v>v3)/objects)/(?P<kind>\w+)(?:/(?P<rest>.+))?$"
)
_PROPERTIES: Final = re.compile(
    rf"^/crm/(?:properties/(?:{_VERSION})|v3/properties)/(?P<kind>\w+)(?:/(?P<rest>.+))?$"
)
_WINDOW: Final = 10.0
_BATCH: Final = 100
_PAGE: Final = 100


class HubSpot:
    """One portal. `limit`: requests per 10 seconds, None for none; `lag`: seconds until search
    finds what was written."""

    name = "hubspot"

    def __init__(self, *, limit: int | None = 190, lag: float = 5.0) -> None:
        self.limit, self.lag = limit, lag
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        ids = [FIRST_ID - 1]
        self._objects = {kind: Objects(kind, ids) for kind in _KINDS}
        self._recent: deque[float] = deque()

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith("/crm/")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything held, by object type."""
        return {
            kind: [
                {**_shown(record), "associations": record.associations}
                for record in objects.records.values()
            ]
            for kind, objects in self._objects.items()
        }

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        try:
            self._authorise(request)
            self._limit(request.at)
            return self._route(request)
        except HubSpotError as error:
            return _problem(error)
        except RefusedError as refused:
            return refused.answer

    def expired(self) -> Answer:
        """The answer to an expired token."""
        text = "The OAuth token used to make this call expired."
        return _problem(HubSpotError(401, "EXPIRED_AUTHENTICATION", text))

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        if status == 429:
            return _limited()
        text = "internal error" if status >= 500 else "Invalid input JSON"
        return _problem(
            HubSpotError(status, "INTERNAL_ERROR" if status >= 500 else "VALIDATION_ERROR", text)
        )

    def _authorise(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token or token.startswith(("expired", "invalid")):
            text = "Authentication credentials not found. This API supports OAuth 2.0."
            raise HubSpotError(401, "INVALID_AUTHENTICATION", text)

    def _limit(self, at: float) -> None:
        while self._recent and self._recent[0] <= at - _WINDOW:
            self._recent.popleft()
        if self.limit is not None and len(self._recent) >= self.limit:
            raise RefusedError(_limited())
        self._recent.append(at)

    def _route(self, request: Request) -> Answer:
        if found := _PROPERTIES.match(request.path):
            return self._property(request, self._kind(found["kind"]), found["rest"])
        found = _OBJECTS.match(request.path)
        if not found:
            raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
        objects, rest = self._kind(found["kind"]), found["rest"] or ""
        if rest.startswith("batch/"):
            return self._batch(request, objects, rest[6:], partial=not found["dated"])
        if rest == "search":
            return self._search(request, objects)
        return self._single(request, objects, rest)

    def _kind(self, name: str) -> Objects:
        aliases = {
            "contact": "contacts",
            "0-1": "contacts",
            "task": "tasks",
            "company": "companies",
        }
        name = aliases.get(name, name)
        if name not in self._objects:
            raise HubSpotError(400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}")
        return self._objects[name]

    def _property(self, request: Request, objects: Objects, rest: str | None) -> Answer:
        if request.method == "POST" and not rest:
            return Answer(201, objects.define(_body(request)))
        if rest and rest not in objects.properties:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"Property {rest} does not exist.")
        if rest:
            return Answer(200, objects.properties[rest])
        return Answer(200, {"results": list(objects.properties.values())})

    def _single(self, request: Request, objects: Objects, rest: str) -> Answer:
        if request.method == "POST" and not rest:
            body = _body(request)
            made = objects.create(
                _mapping(body, "properties"), body.get("associations") or [], request.at
            )
            return Answer(201, _shown(made))
        if not rest:
            return self._page(request, objects)
        record = objects.find(rest, request.query.get("idProperty"))
        if record is None:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"Object not found. objectId: {rest}")
        if request.method == "PATCH":
            objects.update(record, _mapping(_body(request), "properties"), request.at)
        elif request.method == "DELETE":
            objects.archive(record)
            return Answer(204, None)
        return Answer(200, _shown(record))

    def _page(self, request: Request, objects: Objects) -> Answer:
        size = min(int(request.query.get("limit") or 10), _PAGE)
        after = int(request.query.get("after") or 0)
        found = [record for key, record in objects.records.items() if int(key) > after][: size + 1]
        answer: dict[str, Any] = {"results": [_shown(record) for record in found[:size]]}
        if len(found) > size:
            answer["paging"] = {"next": {"after": found[size - 1].id}}
        return Answer(200, answer)

    def _search(self, request: Request, objects: Objects) -> Answer:
        body = _body(request)
        groups = body.get("filterGroups") or []
        found = [
            record
            for record in objects.records.values()
            if record.updated <= request.at - self.lag
            and (not groups or any(_matches(record, group) for group in groups))
        ]
        size = min(int(body.get("limit") or 10), 200)
        return Answer(200, {"total": len(found), "results": [_shown(r) for r in found[:size]]})

    def _batch(self, request: Request, objects: Objects, verb: str, *, partial: bool) -> Answer:
        acts: dict[str, Callable[[Mapping[str, Any]], Record]] = {
            "create": lambda item: objects.create(
                _mapping(item, "properties"), item.get("associations") or [], request.at
            ),
            "update": lambda item: objects.update(
                _existing(objects, item, item.get("idProperty")),
                _mapping(item, "properties"),
                request.at,
            ),
            "upsert": lambda item: _upsert(objects, item, request.at),
        }
        body = _body(request)
        inputs = _inputs(body)
        if verb == "read":
            return _read(objects, inputs, body)
        if verb not in acts:
            raise HubSpotError(404, "NOT_FOUND", "No such endpoint.")
        traced = all(item.get("objectWriteTraceId") for item in inputs)
        return _write(acts[verb], inputs, request, partial=partial and traced and verb != "upsert")


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
            results.append(_shown(act(item)))
        except HubSpotError as error:
            missing = error.category == "OBJECT_NOT_FOUND"
            if not partial and not (missing and request.path.endswith("update")):
                raise
            trace = {"objectWriteTraceId": [str(item.get("objectWriteTraceId"))]}
            errors.append({**_error(error), "context": {**error.context, **trace}})
    return _multi(results, errors, 201 if request.path.endswith("create") else 200)


def _read(objects: Objects, inputs: list[Mapping[str, Any]], body: Mapping[str, Any]) -> Answer:
    id_property = body.get("idProperty")
    found, missing = [], []
    for item in inputs:
        value = str(item.get("id"))
        record = objects.find(value, id_property)
        found.append(_shown(record, body.get("properties"))) if record else missing.append(value)
    errors = []
    if missing:
        text = f"Could not get some {objects.kind[:-1].upper()} objects, they may be deleted."
        error = HubSpotError(404, "OBJECT_NOT_FOUND", text, {"ids": missing})
        errors = [{**_error(error), "context": error.context}]
    return _multi(found, errors, 200)


def _multi(results: list[Any], errors: list[Any], status: int) -> Answer:
    now = "2026-01-01T00:00:00.000Z"  # clients parse these, nobody compares them
    answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return Answer(status, answer)
    return Answer(207, {**answer, "errors": errors, "numErrors": len(errors)})


def _upsert(objects: Objects, item: Mapping[str, Any], at: float) -> Record:
    id_property, value = item.get("idProperty"), str(item.get("id"))
    if not id_property:
        raise HubSpotError(400, "VALIDATION_ERROR", "idProperty is required")
    properties = {**_mapping(item, "properties"), id_property: value}
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


def _inputs(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        raise HubSpotError(400, "VALIDATION_ERROR", "Invalid input JSON: inputs is required.")
    if len(inputs) > _BATCH:
        raise HubSpotError(400, "VALIDATION_ERROR", "The maximum batch size is 100.")
    return inputs


def _body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise HubSpotError(400, "VALIDATION_ERROR", "Invalid input JSON.")
    return body


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise HubSpotError(400, "VALIDATION_ERROR", f"{name} must be an object.")
    return value


def _matches(record: Record, group: Mapping[str, Any]) -> bool:
    return all(
        str(record.properties.get(rule.get("propertyName", ""), "")).lower()
        == str(rule.get("value")).lower()
        for rule in group.get("filters") or []
    )


def _shown(record: Record, names: Iterable[str] | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = dict(record.properties)
    if names:
        properties = {n: record.properties.get(n) for n in {*names, "hs_object_id"}}
    dates = {"createdAt": stamp(record.created), "updatedAt": stamp(record.updated)}
    return {"id": record.id, "properties": properties, **dates, "archived": False}


def _error(error: HubSpotError) -> dict[str, Any]:
    return {"status": "error", "category": error.category, "message": error.message}


def _problem(error: HubSpotError) -> Answer:
    body = {**_error(error), "correlationId": "00000000-0000-4000-8000-000000000000"}
    if error.context:
        body["context"] = error.context
    return Answer(error.status, body)


def _limited() -> Answer:
    body = {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "00000000-0000-4000-8000-000000000000",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    return Answer(429, body)
