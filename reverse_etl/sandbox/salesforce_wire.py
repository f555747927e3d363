"""Salesforce's JSON, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from reverse_etl.sandbox.answer import Answer, Request
from reverse_etl.sandbox.salesforce_store import SalesforceError


def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises SalesforceError."""
    try:
        parsed = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise SalesforceError("JSON_PARSER_ERROR", "The HTTP entity body is not a JSON object")
    return parsed


def problem(error: SalesforceError) -> Answer:
    """An error of a whole request: a list of one."""
    told: dict[str, Any] = {"message": error.message, "errorCode": error.code}
    if error.fields:
        told["fields"] = error.fields
    return Answer(error.status, [told])


def succeeded(key: str, created: bool | None = None) -> dict[str, Any]:
    """The result of one record."""
    told: dict[str, Any] = {"id": key, "success": True, "errors": []}
    return told if created is None else {**told, "created": created}


def failed(error: SalesforceError) -> dict[str, Any]:
    """The result of one record that was refused."""
    told = {"statusCode": error.code, "message": error.message, "fields": error.fields}
    return {"success": False, "errors": [told]}


def kind_of(record: Mapping[str, Any]) -> str:
    """The object that a record of a collection names. Raises SalesforceError."""
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, Mapping) else None
    if not kind:
        raise SalesforceError("INVALID_INPUT", "A record has no attributes with a type")
    return str(kind)
