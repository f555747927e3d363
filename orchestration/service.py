"""`millrace serve`: gateway and dispatcher in one process, stopped gracefully by a signal."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
import uvicorn

from ingestion.event_log import EventLog
from ingestion.gateway import GatewayConfig, create_app
from ingestion.webhooks import SOURCES
from orchestration import connections, delivery
from orchestration.errors import SettingError
from orchestration.network import listen
from orchestration.settings import SECRET_PREFIX, Settings

ROLES = ("gateway", "dispatcher")


def parse_roles(text: str) -> tuple[str, ...]:
    """`gateway,dispatcher` → roles; raises SettingError for one that does not exist."""
    roles = tuple(dict.fromkeys(role.strip() for role in text.split(",") if role.strip()))
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise SettingError(
            f"There is no role {', '.join(unknown) or text!r}.",
            remedy=f"Choose from: {', '.join(ROLES)}.",
        )
    return roles


async def serve(
    settings: Settings,
    secrets: Mapping[str, Sequence[str]],
    *,
    roles: Sequence[str],
    host: str,
    port: int,
) -> None:
    """Run until SIGTERM or SIGINT; requests under way are answered, leased rows are settled.

    Raises PortUnavailableError.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with ExitStack() as stack:
        log = stack.enter_context(closing(connections.event_log(settings)))
        work: list[Coroutine[Any, Any, None]] = []
        if "gateway" in roles:
            _tell_missing_secrets(secrets)
            listener = stack.enter_context(listen(host, port))
            work.append(_gateway(settings, secrets, log, listener=listener, stop=stop))
        if "dispatcher" in roles:
            work.append(delivery.run(settings, log, stop))
        async with asyncio.TaskGroup() as tasks:
            for role in work:
                tasks.create_task(role)


def _tell_missing_secrets(secrets: Mapping[str, Sequence[str]]) -> None:
    """A source without a secret answers 503 to its vendor: say so before it happens. A secret for
    a source that does not exist is most likely a misspelt one."""
    log = structlog.get_logger("orchestration.service")
    for source in sorted(SOURCES.keys() - secrets.keys()):
        variable = f"{SECRET_PREFIX}{source.upper()}"
        log.warning(
            "secret_missing", code="SECRET_MISSING", source=source, remedy=f"Set {variable}."
        )
    for source in sorted(secrets.keys() - SOURCES.keys()):
        known = ", ".join(sorted(SOURCES))
        log.warning("source_unknown", code="SOURCE_UNKNOWN", source=source, remedy=f"Use: {known}.")


async def _gateway(
    settings: Settings,
    secrets: Mapping[str, Sequence[str]],
    log: EventLog,
    *,
    listener: socket.socket,
    stop: asyncio.Event,
) -> None:
    config = GatewayConfig(
        secrets=secrets, public_url=settings.public_url, max_body_bytes=settings.max_body_bytes
    )
    app = create_app(config, log, clock=lambda: datetime.now(UTC))
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.set()
    stopping.cancel()
    await serving


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: one signal stops all roles in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
