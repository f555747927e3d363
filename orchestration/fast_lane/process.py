"""The fast lane in a process of its own: while it runs models, the gateway answers.

The two talk over one socket: the service says that the log has grown, a byte at a time; the lane
that there is something to send, and what it did, a line at a time. The lane ends when the socket
closes, so a killed service leaves none behind; one that was killed itself is started again. Of what
other machines append, a log on PostgreSQL tells.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Final

import structlog

from ingestion.event_log.databases import CHANNEL
from ingestion.event_log.model import LogRow
from orchestration import connections, logs
from orchestration.fast_lane.lane import Worked
from orchestration.fast_lane.worker import Observe, Worker
from orchestration.notifications import listening
from orchestration.observability import lanes, tracing
from orchestration.settings import Settings

_log = structlog.get_logger("millrace.fast_lane")

_AGAIN_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 10.0
_SIGN: Final = b"."
OUTGROWN: Final = 75  # exit code: all is well, but another process should take over

# DuckDB makes and frees some hundred thousand small things for each slice: a larger cache for them
# (of glibc; others ignore it) takes a sixth off the time.
_ALLOCATOR: Final = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000"}


class LaneProcess:
    """Seen from the service: `run` keeps the process alive, `wake` may be called by any thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        enqueued: Callable[[], object],
        worked: Callable[[bytes], object] = lambda _line: None,
    ) -> None:
        """Both are called in the event loop: `enqueued` when there is something to send, `worked`
        with what the lane says of each micro-batch (see observability.lanes)."""
        self._settings = settings
        self._enqueued = enqueued
        self._worked = worked
        self._ours: socket.socket | None = None

    def wake(self) -> None:
        """The log has grown: look now. One that is not there looks when it comes."""
        ours = self._ours
        if ours is not None:
            with suppress(OSError):  # full: it has enough to read; closed: it is being replaced
                ours.send(_SIGN)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; the events in hand are worked off before it returns."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            code = await self._run_once(stopping)
            if stop.is_set():
                return
            if code == OUTGROWN:  # it has said how large it was
                _log.warning("fast_lane_renewed", code="LANE_MEMORY")
                continue
            _log.error("fast_lane_ended", code="FAST_LANE_ENDED", again_in=_AGAIN_SECONDS)
            await asyncio.wait({stopping}, timeout=_AGAIN_SECONDS)

    async def _run_once(self, stopping: asyncio.Task[bool]) -> int | None:
        """One process from its start to its end; its exit code."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", __name__, str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                env=_ALLOCATOR | os.environ,
            )
        with Connection(os.dup(ours.fileno())) as pipe:
            pipe.send(self._settings)  # they may hold passwords, which no command line should
        ours.setblocking(False)
        self._ours = ours
        hearing = asyncio.create_task(self._hear(ours))
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._ours = None
        ours.shutdown(socket.SHUT_WR)
        await self._end(process, ended)
        await hearing
        ours.close()
        return process.returncode

    async def _hear(self, ours: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        begun = b""
        with suppress(ConnectionError):
            while heard := await loop.sock_recv(ours, 4096):
                *lines, begun = (begun + heard).split(b"\n")
                for line in lines:
                    if line == _SIGN:
                        self._enqueued()
                    else:
                        self._worked(line)

    async def _end(self, process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
        done, _ = await asyncio.wait({ended}, timeout=_CLOSE_SECONDS)
        if not done:
            process.kill()
            await ended


def main() -> None:
    """Entry point of the process. The signals that stop the service are its parent's business:
    the events in hand are worked off first."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as theirs:
        with Connection(os.dup(theirs.fileno())) as pipe:
            settings: Settings = pipe.recv()
        logs.to_stderr(settings)
        outgrown = _work(settings, theirs)
    sys.exit(OUTGROWN if outgrown else 0)


def _work(settings: Settings, theirs: socket.socket) -> bool:
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
        tracing.tracing(settings, "fast-lane") as emit,
    ):
        worker = Worker(
            settings,
            log,
            ledger,
            enqueued=lambda: _tell(theirs, _SIGN),
            observe=_observing(theirs, tracing.of_lane(emit)),
        )
        threading.Thread(target=_listen, args=(theirs, worker), daemon=True).start()
        gc.freeze()  # what is imported stays: the collector need not look at it again and again
        with listening(settings.log_url, CHANNEL, worker.wake):
            return worker.run()


def _observing(theirs: socket.socket, traced: Observe | None) -> Observe:
    def observe(rows: Sequence[LogRow], worked: Worked, began: datetime) -> None:
        _tell(theirs, lanes.line(worked))
        if traced is not None:
            traced(rows, worked, began)

    return observe


def _tell(theirs: socket.socket, line: bytes) -> None:
    with suppress(OSError):  # the service has ended: whoever comes next finds the rows
        theirs.sendall(line + b"\n")


def _listen(theirs: socket.socket, worker: Worker) -> None:
    with suppress(OSError):
        while theirs.recv(4096):
            worker.wake()
    worker.stop()


if __name__ == "__main__":
    main()
