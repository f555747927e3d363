"""Reading a body within bounds of size and time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.types import Receive, Scope

from ingestion.errors import BodyTimeoutError, BodyTooLargeError


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete."""


async def read_body(scope: Scope, receive: Receive, limit: int, within: timedelta) -> bytes:
    """The whole body.

    Raises BodyTooLargeError as soon as it is known to exceed ``limit`` bytes (by its declared
    length, else while it streams), BodyTimeoutError when it takes longer than ``within``, and
    ClientGoneError when the client hangs up.
    """
    if (declared := _declared_length(scope)) is not None and declared > limit:
        raise BodyTooLargeError(f"The body has {declared} bytes; {limit} are taken.")
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
