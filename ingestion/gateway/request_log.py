"""One wide line a request, as JSON. No addresses, no bodies, no header values."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO, Protocol, cast

import orjson
import structlog


class RequestLog(Protocol):
    """Takes the facts of one request."""

    def info(self, event: str, **facts: Any) -> Any:
        """Write one line."""


def request_log(stream: BinaryIO | None = None) -> RequestLog:
    """A log of JSON lines on ``stream`` (standard error when none is given)."""
    logger = structlog.wrap_logger(
        structlog.BytesLogger(stream or sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
    )
    return cast("RequestLog", logger.bind(component="gateway"))
