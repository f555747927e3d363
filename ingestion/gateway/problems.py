"""Errors as clients see them: application/problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from dbt_project.catalogue import catalogue
from ingestion.errors import IngestionError
from ingestion.gateway.correlation import HEADER

CATALOGUE_PATH = "/v1/errors"
_MEDIA_TYPE = "application/problem+json"


def problem_response(error: IngestionError, correlation_id: str) -> Response:
    """The answer to a request that failed with ``error``."""
    headers = {HEADER: correlation_id}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    body = orjson.dumps(_problem(error, correlation_id))
    return Response(body, error.status, headers, _MEDIA_TYPE)


def error_catalogue() -> dict[str, Any]:
    """Every code with its class, meaning and remedy; `status` where we answer with it."""
    return {
        "errors": [
            {
                "code": listed.code,
                "status": listed.status,
                "class": listed.kind,
                "meaning": listed.meaning,
                "remedy": listed.remedy,
            }
            for listed in catalogue().values()
        ]
    }


def _problem(error: IngestionError, correlation_id: str) -> dict[str, Any]:
    return {
        "type": f"{CATALOGUE_PATH}#{error.code}",
        "title": error.listed.title,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
        "remedy": error.remedy,
        "correlation_id": correlation_id,
    }
