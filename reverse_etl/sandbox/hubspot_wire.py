"""HubSpot's JSON, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.hubspot_store import HubSpotError, Record, stamp

CHANGED: Final = frozenset(("lastmodifieddate", "hs_lastmodifieddate"))
MADE: Final = frozenset(("createdate", "hs_createdate"))
"""Properties that HubSpot itself writes."""


def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises HubSpotError."""
    try:
        parsed = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise HubSpotError(400, "VALIDATION_ERROR", "Invalid input JSON.")
    return parsed


def mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside a body; absent counts as empty. Raises HubSpotError."""
    value = parent.get(name) or {}
    if not isinstance(value, dict):
        raise HubSpotError(400, "VALIDATION_ERROR", f"{name} must be an object.")
    return value


def shown(record: Record, names: Iterable[str] | None = None) -> dict[str, Any]:
    """A record as HubSpot shows it."""
    properties: dict[str, Any] = dict(record.properties)
    if names:
        dated = {**dict.fromkeys(CHANGED, record.updated), **dict.fromkeys(MADE, record.created)}
        properties = {
            name: stamp(dated[name]) if name in dated else record.properties.get(name)
            for name in {*names, "hs_object_id"}
        }
    dates = {"createdAt": stamp(record.created), "updatedAt": stamp(record.updated)}
    told = {"id": record.id, "properties": properties, **dates, "archived": False}
    if record.archived is None:
        return told
    return {**told, "archived": True, "archivedAt": stamp(record.archived)}


def error(refusal: HubSpotError) -> dict[str, Any]:
    """The common part of an error."""
    return {"status": "error", "category": refusal.category, "message": refusal.message}


def problem(refusal: HubSpotError) -> Answer:
    """An error as an answer of its own."""
    answer = {**error(refusal), "correlationId": "00000000-0000-4000-8000-000000000000"}
    if refusal.context:
        answer["context"] = refusal.context
    return Answer(refusal.status, answer)


def limited() -> Answer:
    """The answer beyond the rate limit."""
    answer = {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "00000000-0000-4000-8000-000000000000",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
    return Answer(429, answer)


def multi(results: list[Any], errors: list[Any], status: int) -> Answer:
    """The answer to a batch; 207 when some of it failed."""
    now = "2026-01-01T00:00:00.000Z"  # clients parse these, nobody compares them
    answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return Answer(status, answer)
    return Answer(207, {**answer, "errors": errors, "numErrors": len(errors)})
