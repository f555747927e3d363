"""A Postman collection (v2.1) made from the OpenAPI document: a folder a tag, a request an
operation, the examples as bodies and saved responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_NO_AUTH: Final = {"type": "noauth"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    method: str
    said: Json


def collection(document: Mapping[str, Any]) -> Json:
    """The collection. Its variables are ``base_url`` (the document's server) and ``api_key``."""
    info = document["info"]
    operations = list(_operations(document))
    return {
        "info": {"name": info["title"], "description": info["description"], "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [_text("token", "{{api_key}}")]},
        "variable": [
            _text("base_url", document["servers"][0]["url"]),
            _text("api_key", ""),
        ],
        "item": [
            {
                "name": tag["name"],
                "description": tag["description"],
                "item": [
                    _item(document, operation)
                    for operation in operations
                    if operation.said["tags"][0] == tag["name"]
                ],
            }
            for tag in document["tags"]
        ],
    }


def _operations(document: Mapping[str, Any]) -> Iterator[_Operation]:
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                yield _Operation(path, method.upper(), operations[method])


def _item(document: Mapping[str, Any], operation: _Operation) -> Json:
    request = _request(document, operation)
    responses = operation.said["responses"].items()
    return {
        "name": operation.said["summary"],
        "request": request,
        "response": [
            saved
            for status, response in responses
            for saved in _saved(document, request, int(status), _resolved(document, response))
        ],
    }


def _request(document: Mapping[str, Any], operation: _Operation) -> Json:
    parameters = [_resolved(document, found) for found in operation.said.get("parameters", [])]
    request: Json = {
        "method": operation.method,
        "description": operation.said.get("description", operation.said["summary"]),
        "header": [_parameter(found) for found in parameters if found["in"] == "header"],
        "url": _url(operation.path, parameters),
    }
    if not any("apiKey" in wanted for wanted in operation.said["security"]):
        request["auth"] = _NO_AUTH
    if "requestBody" in operation.said:
        media_type, body = _first_body(operation.said["requestBody"])
        request["header"].insert(0, {"key": "Content-Type", "value": media_type})
        request["body"] = {
            "mode": "raw",
            "raw": body,
            "options": {"raw": {"language": _language(media_type)}},
        }
    return request


def _url(path: str, parameters: list[Json]) -> Json:
    """Path parameters in Postman's way: `:name`, with their values beside."""
    steps = [
        f":{step[1:-1]}" if step.startswith("{") else step for step in path.strip("/").split("/")
    ]
    return {
        "raw": "/".join(["{{base_url}}", *steps]),
        "host": ["{{base_url}}"],
        "path": steps,
        "query": [_parameter(found) for found in parameters if found["in"] == "query"],
        "variable": [
            {"key": found["name"], "value": str(found["example"])}
            for found in parameters
            if found["in"] == "path"
        ],
    }


def _parameter(found: Json) -> Json:
    """A header or query parameter; what is optional is there, but switched off."""
    return {
        "key": found["name"],
        "value": str(found["example"]),
        "description": found["description"],
        "disabled": not found["required"],
    }


def _first_body(request_body: Json) -> tuple[str, str]:
    media_type, content = next(iter(request_body["content"].items()))
    example = next(iter(content["examples"].values()))
    return media_type, _written(example["value"])


def _saved(
    document: Mapping[str, Any], request: Json, status: int, response: Json
) -> Iterator[Json]:
    """One saved response an example."""
    headers = {
        name: str(_resolved(document, header)["example"])
        for name, header in response.get("headers", {}).items()
    }
    for media_type, content in response["content"].items():
        for example in content.get("examples", {}).values():
            yield {
                "name": f"{status} {example['summary']}",
                "originalRequest": request,
                "status": HTTPStatus(status).phrase,
                "code": status,
                "_postman_previewlanguage": _language(media_type),
                "header": [
                    {"key": name, "value": value}
                    for name, value in {"Content-Type": media_type, **headers}.items()
                ],
                "body": _written(example["value"]),
            }


def _resolved(document: Mapping[str, Any], node: Json) -> Json:
    """What a local reference points to; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _language(media_type: str) -> str:
    return "json" if media_type.endswith("json") else "text"


def _text(key: str, value: str) -> Json:
    return {"key": key, "value": value, "type": "string"}
