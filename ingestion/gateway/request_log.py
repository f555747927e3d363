"""One wide line a request, as JSON. No addresses, no bodies, no header values."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, BinaryIO, Protocol

import orjson


class RequestLog(Protocol):
    """Takes the facts of one request."""

    def info(self, event: str, **facts: Any) -> None:
        """Write one line."""


def request_log(stream: BinaryIO | None = None) -> RequestLog:
    """A log of JSON lines on ``stream`` (standard error when none is given)."""
    return _Lines(stream or sys.stderr.buffer)


class _Lines:
    """Writes the lines of one turn of the event loop together.

    A write for each line costs as much as the rest of a request: it gives the interpreter lock
    away. Requests are answered by whole commits, so a turn has many lines when it matters.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def info(self, event: str, **facts: Any) -> None:
        """Take the facts; called in the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        line = {"event": event, "level": "info", "component": "gateway", **facts}
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._stream.write(b"".join(lines))
        self._stream.flush()
