"""The OpenAPI document: kept by hand beside this module, compared with the routes by a test.

What a code means stands in the error catalogue alone: a response of the file lists its codes as
``x-codes``, and the problems are written out when the document is read.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from dbt_project.catalogue import entry

DOCUMENT_PATH: Final = "/openapi.json"

_FILE: Final = "openapi.json"
_CODES: Final = "x-codes"
_CORRELATION_ID: Final = "0af7651916cd43dd8448eb211c80319c"


def document(base_url: str | None = None) -> dict[str, Any]:
    """The document; ``base_url`` names the gateway it describes."""
    loaded: dict[str, Any] = orjson.loads(files("ingestion.api").joinpath(_FILE).read_bytes())
    responses = loaded["components"]["responses"]
    loaded["components"]["responses"] = {
        name: _with_problems(response) for name, response in responses.items()
    }
    if base_url is not None:
        loaded["servers"] = [{"url": base_url.rstrip("/")}]
    return loaded


@cache
def document_bytes() -> bytes:
    """The document as JSON text, as the gateway serves it."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


def _with_problems(response: dict[str, Any]) -> dict[str, Any]:
    """The response with what it looks like for each of its codes."""
    codes = response[_CODES]
    listed = "".join(f"\n- `{code}`: {entry(code).meaning}" for code in codes)
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {code: _example(code) for code in codes},
    }
    return {
        **response,
        "description": f"{response['description']}.\n{listed}",
        "content": {"application/problem+json": content},
    }


def _example(code: str) -> dict[str, Any]:
    listed = entry(code)
    return {
        "summary": listed.title,
        "value": {
            "type": f"/v1/errors#{code}",
            "title": listed.title,
            "status": listed.status,
            "detail": listed.meaning,
            "code": code,
            "remedy": listed.remedy,
            "correlation_id": _CORRELATION_ID,
        },
    }
