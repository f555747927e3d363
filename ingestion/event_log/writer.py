"""The log behind a process of its own: ``GroupCommitter`` writes through it in a busy service.

Planning a transaction and waiting for the database take as long as handling the requests, and in
one process both want the same interpreter lock, hundreds of times a second. Here a batch crosses a
pipe once, and its answers come back once. The process ends when its pipe closes, so a killed
service leaves none behind; what it had in hand is committed or not, and was not acknowledged.
"""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from socket import socketpair
from typing import Any, Final

from ingestion.errors import LogUnavailableError
from ingestion.event_log.log import EventLog
from ingestion.event_log.model import Appended, CounterKey, NewEvent, from_micros, to_micros

_READY: Final = "ready"
_DONE: Final = "done"
_UNAVAILABLE: Final = "unavailable"
_FAILED: Final = "failed"
_CLOSE_SECONDS: Final = 10.0


class WriterFailedError(RuntimeError):
    """The log refused for another reason than its database; the text names the kind of error."""


class LogWriter:
    """Appends to the log at ``url`` through a process, which ``start`` starts; one that was killed
    is started again by the next batch. Safe to use from several threads; one batch at a time is
    under way. ``appended`` is called, in whichever thread, when events are committed."""

    def __init__(self, url: str, *, appended: Callable[[], object] = lambda: None) -> None:
        self._url = url
        self._appended = appended
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    @property
    def process_id(self) -> int | None:
        """Of the process that writes; None when there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, and wait until it is ready: the first request should not."""
        with self._turn:
            if self._pipe is None:
                self._start()

    def append(
        self, events: Sequence[NewEvent], counters: Mapping[CounterKey, int] | None = None
    ) -> list[Appended]:
        """See ``EventLog.append``."""
        rows = self._ask([_packed(event) for event in events], dict(counters or {}))
        self._appended()
        return [Appended(*row) for row in rows]

    def add_counters(self, deltas: Mapping[CounterKey, int]) -> None:
        """See ``EventLog.add_counters``."""
        self._ask([], dict(deltas))

    def close(self) -> None:
        """End the process, when it has written what it has."""
        with self._turn:
            self._stop()

    def _ask(self, rows: list[tuple[Any, ...]], counters: dict[CounterKey, int]) -> list[Any]:
        plain = [(*key, value) for key, value in counters.items()]
        with self._turn:
            try:
                pipe = self._pipe or self._start()
                pipe.send((rows, plain))
                kind, answer = pipe.recv()
            except (OSError, EOFError) as error:
                self._stop()
                raise LogUnavailableError("The process that writes the log has ended.") from error
        if kind == _UNAVAILABLE:
            raise LogUnavailableError(answer)
        if kind == _FAILED:
            raise WriterFailedError(answer)
        found: list[Any] = answer
        return found

    def _start(self) -> Connection:
        ours, theirs = socketpair()
        with theirs:
            descriptor = theirs.fileno()
            command = [sys.executable, "-m", __name__, str(descriptor)]
            self._process = subprocess.Popen(command, pass_fds=[descriptor])  # noqa: S603  # ours
        self._pipe = Connection(ours.detach())
        self._pipe.send(self._url)  # it may hold a password, which no command line should
        self._pipe.recv()
        return self._pipe

    def _stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            try:
                self._process.wait(_CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._pipe = self._process = None


def _packed(event: NewEvent) -> tuple[Any, ...]:
    """The fields of an event, as what travels fastest."""
    return (
        event.source,
        event.event_key,
        event.kind,
        to_micros(event.received_at),
        event.body,
        dict(event.headers),
        event.correlation_id,
        event.historical,
    )


def _unpacked(row: tuple[Any, ...]) -> NewEvent:
    source, key, kind, received_at, *others = row
    return NewEvent(source, key, kind, from_micros(received_at), *others)


def _serve(pipe: Connection) -> None:
    """Write batch after batch until the other side is gone."""
    url = pipe.recv()
    pipe.send(_READY)
    log: EventLog | None = None
    try:
        while True:
            rows, counters = pipe.recv()
            try:
                log = log or EventLog.open(url)
                answer = (_DONE, _write(log, rows, counters))
            except LogUnavailableError as error:
                answer = (_UNAVAILABLE, str(error))
            except Exception as error:  # noqa: BLE001  # the other side says which event it was
                answer = (_FAILED, type(error).__name__)
            pipe.send(answer)
    except (EOFError, OSError):
        return
    finally:
        if log is not None:
            log.close()


def _write(log: EventLog, rows: list[tuple[Any, ...]], counters: list[tuple[Any, ...]]) -> Any:
    deltas = {CounterKey(*key): value for *key, value in counters}
    if not rows:
        log.add_counters(deltas)
        return []
    answers = log.append([_unpacked(row) for row in rows], deltas)
    return [(answer.event_key, answer.position, answer.duplicate) for answer in answers]


def main() -> None:
    """Entry point of the process. The signals that stop the service are its parent's business:
    what waits must still be written."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()
    with closing(Connection(int(sys.argv[1]))) as pipe:
        _serve(pipe)


if __name__ == "__main__":
    main()
