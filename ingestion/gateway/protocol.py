"""HTTP as uvicorn speaks it, with two things added: bounds on headers, and answers in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingestion.gateway.limits import BODY_IS_HERE

PATIENCE_SECONDS: Final = 10.0
"""How long headers may take, a new connection may say nothing, and the rest of a body that nobody
reads may trickle in."""

_UNFINISHED_HEADER_BYTES: Final = 64 * 1024
_SWEEP_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Outbox:
    """Writes of one turn of the event loop, sent together at its end.

    uvicorn writes the head and the body of an answer apart: two system calls and two packets.
    """

    loop: asyncio.AbstractEventLoop
    waiting: dict[_Transport, list[bytes]] = field(default_factory=dict)

    def put(self, transport: _Transport, data: bytes) -> None:
        if not self.waiting:
            self.loop.call_soon(self.flush)
        self.waiting.setdefault(transport, []).append(data)

    def flush(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for transport, parts in waiting.items():
            transport.inner.write(b"".join(parts))

    def flush_one(self, transport: _Transport) -> None:
        if parts := self.waiting.pop(transport, None):
            transport.inner.write(b"".join(parts))


class _Transport:
    """A transport whose writes go through the outbox; anything else is the inner one's."""

    def __init__(self, inner: asyncio.Transport, outbox: _Outbox) -> None:
        self.inner = inner
        self._outbox = outbox

    def write(self, data: bytes) -> None:
        self._outbox.put(self, data)

    def close(self) -> None:
        self._outbox.flush_one(self)
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


_OUTBOXES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Outbox] = WeakKeyDictionary()


class GatewayProtocol(HttpToolsProtocol):
    """One connection."""

    waiting_since: float | None = None
    """Since when it owes us headers, or the rest of a body that was answered without being read;
    None when it owes nothing, or the request's handler watches the time."""

    _head_bytes: int | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        outbox = _OUTBOXES.setdefault(self.loop, _Outbox(self.loop))
        self.waiting_since = self.loop.time()
        super().connection_made(_Transport(transport, outbox))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Bytes have come. A head without an end is not collected for ever."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _UNFINISHED_HEADER_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self.waiting_since = self.loop.time()
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are there. Its handler starts when what has come is parsed, which is mostly
        all of it; then the handler can spare the timer for the body."""
        self.waiting_since = self._head_bytes = None
        super().on_headers_complete()
        cycle = self.cycle
        extensions: dict[str, Any] = {BODY_IS_HERE: lambda: not cycle.more_body}
        self.scope["extensions"] = extensions

    def on_response_complete(self) -> None:
        """It is answered, be it before its body is there."""
        if self.cycle is not None and self.cycle.more_body:
            self.waiting_since = self.loop.time()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        """Its body is there."""
        self.waiting_since = None
        super().on_message_complete()


async def sweep(connections: Collection[Any]) -> None:
    """Close connections that owe something for too long; runs until it is cancelled.

    One look at all of them costs less than a timer for each request.
    """
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        latest = loop.time() - PATIENCE_SECONDS
        for connection in list(connections):
            if connection.waiting_since is not None and connection.waiting_since < latest:
                connection.transport.abort()
