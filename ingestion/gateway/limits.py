"""Bounds: of headers, of a body and the time it takes, and of requests at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.types import Receive, Scope

from ingestion.errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    HeadersTooLargeError,
    TooManyInFlightError,
)

BODY_IS_HERE: Final = "millrace.body_is_here"
"""An extension of the ASGI scope: a function that says whether the whole body has been received.
Servers without it are fine."""


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete."""


@dataclass(slots=True)
class InFlight:
    """Requests that are being handled, at most ``limit``: what is more waits at the vendor, which
    tries again, and not in our memory. A context manager; raises TooManyInFlightError."""

    limit: int
    now: int = 0

    def __enter__(self) -> None:
        if self.now >= self.limit:
            raise TooManyInFlightError(f"{self.now} requests are being handled.")
        self.now += 1

    def __exit__(self, *_error: object) -> None:
        self.now -= 1


def check_headers(scope: Scope, limit: int) -> None:
    """Raises HeadersTooLargeError when names and values have more than ``limit`` bytes together."""
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    if size > limit:
        raise HeadersTooLargeError(f"The headers have {size} bytes; {limit} are taken.")


async def read_body(scope: Scope, receive: Receive, limit: int, within: timedelta) -> bytes:
    """The whole body.

    Raises BodyTooLargeError as soon as it is known to exceed ``limit`` bytes (by its declared
    length, else while it streams), BodyTimeoutError when it takes longer than ``within``, and
    ClientGoneError when the client hangs up.
    """
    if (declared := _declared_length(scope)) is not None and declared > limit:
        raise BodyTooLargeError(f"The body has {declared} bytes; {limit} are taken.")
    is_here = scope.get("extensions", {}).get(BODY_IS_HERE)
    if is_here is not None and is_here():
        return await _collect(receive, limit)
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await _collect(receive, limit)
    except TimeoutError:
        seconds = within.total_seconds()
        raise BodyTimeoutError(f"The body was not complete after {seconds:g} s.") from None


async def _collect(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError(f"The body has more than {limit} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _declared_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return None
