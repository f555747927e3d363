"""Running an ASGI application on loopback: in the foreground, or beside a test or a demo."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 8800) -> None:
    """Serve until interrupted."""
    uvicorn.Server(_config(app, host, port)).run()


@contextmanager
def serving(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread while the context lasts; gives the base URL. Port 0 takes a free one.

    The socket names its protocol: without that, the event loop leaves Nagle's algorithm on, and
    every answer waits 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    server = _Announcing(_config(app, host, port))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    server.ready.wait()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class _Announcing(uvicorn.Server):
    """Says when it accepts connections, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()


def _config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


async def serve_until(app: ASGIApp, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve inside a running event loop until `stop` is set."""
    server = uvicorn.Server(_config(app, host, port))
    task = asyncio.ensure_future(server.serve())
    await stop.wait()
    server.should_exit = True
    await task
