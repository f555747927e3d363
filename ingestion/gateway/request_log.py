"""One wide line a request, as JSON. No addresses, no bodies, no header values."""

from __future__ import annotations

import asyncio
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
        _Lines(stream or sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        context_class=dict,
    )
    return cast("RequestLog", logger.bind(component="gateway"))


class _Lines:
    """Writes the lines of one turn of the event loop together.

    A write for each line costs as much as the rest of a request: it gives the interpreter lock
    away. Requests are answered by whole commits, so a turn has many lines when it matters.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def info(self, line: bytes) -> None:
        """Take a line; called by structlog, in the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._stream.write(b"\n".join([*lines, b""]))
        self._stream.flush()
