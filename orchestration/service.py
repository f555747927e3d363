"""`millrace serve`: gateway, fast lane and dispatcher under one roof, stopped by a signal."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette

from ingestion.event_log.writer import LogWriter
from ingestion.gateway.app import create_app
from ingestion.gateway.protocol import GatewayProtocol, sweep
from orchestration import connections, delivery, logs
from orchestration.errors import SettingError
from orchestration.fast_lane.process import LaneProcess
from orchestration.gateway import gateway_config, tell_secrets
from orchestration.network import listen
from orchestration.observability import tracing
from orchestration.observability.collector import operations
from orchestration.observability.lanes import LaneTally
from orchestration.settings import Settings

ROLES = ("gateway", "fast-lane", "dispatcher")


def parse_roles(text: str) -> tuple[str, ...]:
    """`gateway,fast-lane` → roles; raises SettingError for one that does not exist."""
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
        enqueued = asyncio.Event()
        lanes: list[LaneProcess] = []
        tally = LaneTally()
        if "fast-lane" in roles:
            lanes = _lanes(settings, enqueued, tally)
        if "gateway" in roles:
            config = gateway_config(settings)
            tell_secrets(config)
            listener = stack.enter_context(listen(host, port))
            writer = stack.enter_context(
                closing(LogWriter(settings.log_url, appended=lambda: _wake(lanes)))
            )
            writer.start()
            emit = stack.enter_context(tracing.tracing(settings, "gateway"))
            requests = tracing.of_gateway(emit, logs.requests(settings))
            more = stack.enter_context(operations(settings, log, tally if lanes else None))
            app = create_app(
                config,
                log,
                clock=lambda: datetime.now(UTC),
                sink=writer,
                requests=requests,
                more_metrics=more,
            )
            work.append(_gateway(app, listener=listener, stop=stop))
        work += [lane.run(stop) for lane in lanes]
        if "dispatcher" in roles:
            work.append(delivery.run(settings, log, stop, enqueued))
        gc.freeze()  # what is imported stays: the collector need not look at it again and again
        async with asyncio.TaskGroup() as tasks:
            for role in work:
                tasks.create_task(role)


def _lanes(settings: Settings, enqueued: asyncio.Event, tally: LaneTally) -> list[LaneProcess]:
    return [
        LaneProcess(settings, enqueued=enqueued.set, worked=tally.add)
        for _ in range(settings.lane_workers)
    ]


def _wake(lanes: Sequence[LaneProcess]) -> None:
    for lane in lanes:
        lane.wake()


async def _gateway(app: Starlette, *, listener: socket.socket, stop: asyncio.Event) -> None:
    server = _Server(
        uvicorn.Config(app, http=GatewayProtocol, log_config=None, access_log=False, lifespan="on")
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    sweeping = asyncio.create_task(sweep(server.server_state.connections))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.set()
    stopping.cancel()
    await serving
    sweeping.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: one signal stops all roles in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
