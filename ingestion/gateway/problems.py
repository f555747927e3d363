"""Errors as clients see them: application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from dbt_project.catalogue import catalogue
from ingestion.errors import BodyTimeoutError, IngestionError
from ingestion.gateway.correlation import HEADER
from ingestion.webhooks.base import Reply

CATALOGUE_PATH = "/v1/errors"
_MEDIA_TYPE = "application/problem+json"


def problem_reply(error: IngestionError, correlation_id: str) -> Reply:
    """The answer to a request that failed with ``error``; ``problem_headers`` belong to it."""
    return Reply(orjson.dumps(_problem(error, correlation_id)), _MEDIA_TYPE, error.status)


def problem_headers(error: IngestionError) -> Mapping[str, str]:
    """When to come again, where that helps. Who is too slow is cut off: the rest of the body would
    keep the connection for as long as it likes."""
    if isinstance(error, BodyTimeoutError):
        return {"connection": "close"}
    return {} if error.retry_after is None else {"retry-after": str(error.retry_after)}


def problem_response(error: IngestionError, correlation_id: str) -> Response:
    """The same answer, for Starlette."""
    reply = problem_reply(error, correlation_id)
    headers = {HEADER: correlation_id, **problem_headers(error)}
    return Response(reply.body, reply.status, headers, reply.media_type)


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
