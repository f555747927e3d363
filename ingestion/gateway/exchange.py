"""One request and its answer: the facts that become a log line and metrics, and the sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from starlette.types import Scope, Send

from ingestion.gateway.correlation import HEADER
from ingestion.webhooks.base import Reply


@dataclass(slots=True)
class Facts:
    """What a request's log line and metrics say; filled in as it becomes known."""

    source: str
    correlation_id: str
    started: float = field(default_factory=perf_counter)
    status: int = 200
    code: str = ""
    size: int = 0
    accepted: int = 0
    duplicates: int = 0

    @property
    def seconds(self) -> float:
        """How long the request has taken so far."""
        return perf_counter() - self.started


def header_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Headers as text; ASGI gives names in lower case."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


async def send_reply(
    send: Send, reply: Reply, correlation_id: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send an answer in the fewest steps: this is the hot path."""
    raw = [
        (b"content-type", reply.media_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        (HEADER.encode(), correlation_id.encode()),
    ]
    if headers:
        raw += [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})
