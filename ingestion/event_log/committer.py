"""Group commit: many requests wait, one transaction stores them all, one fsync pays for it.

The event loop queues; one thread writes whatever waits. Under load batches grow by themselves,
when idle an event is committed alone, at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import structlog

from ingestion.errors import InternalError, LogUnavailableError, OverloadedError
from ingestion.event_log.model import Appended, CounterKey, NewEvent

Outcome = list[Appended] | BaseException

_LOG = structlog.get_logger("ingestion.event_log")


class Sink(Protocol):
    """Where a committer writes: the event log, or a part of it."""

    def append(
        self, events: Sequence[NewEvent], counters: Mapping[CounterKey, int] | None = None
    ) -> list[Appended]:
        """Store events, durable on return."""

    def add_counters(self, deltas: Mapping[CounterKey, int]) -> None:
        """Add to durable counters."""


@dataclass(frozen=True, slots=True)
class CommitterLimits:
    """Bounds of what waits in memory, and of one transaction.

    ``count_interval``: seconds after which counts are written although no event comes.
    """

    pending_events: int = 20_000
    pending_bytes: int = 64 * 1024 * 1024
    batch_events: int = 2_000
    count_interval: float = 1.0


class CommitObserver(Protocol):
    """Told about each commit, in the writer's thread."""

    def __call__(self, events: int, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    events: Sequence[NewEvent]
    size: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[list[Appended]]


class GroupCommitter:
    """Appends for many tasks at once. The thread starts with the first append."""

    def __init__(
        self,
        log: Sink,
        limits: CommitterLimits | None = None,
        observe: CommitObserver | None = None,
    ) -> None:
        self._log = log
        self._limits = limits or CommitterLimits()
        self._observe = observe
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._queue: deque[_Waiting] = deque()
        self._counts: Counter[CounterKey] = Counter()
        self._events = 0
        self._bytes = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """Events that wait or are being written."""
        return self._events

    async def append(self, events: Sequence[NewEvent]) -> list[Appended]:
        """Store events together, durable on return.

        Raises OverloadedError when too much waits, LogUnavailableError when the write failed or
        the committer is closed; in both cases nothing of ``events`` is stored.
        """
        if not events:
            return []
        loop = asyncio.get_running_loop()
        size = sum(len(event.body) for event in events)
        waiting = _Waiting(events, size, loop, loop.create_future())
        with self._lock:
            self._admit(waiting)
        if not self._wake.is_set():
            self._wake.set()
        return await waiting.future

    def count(self, key: CounterKey) -> None:
        """Add one to a durable counter, with the next commit; nobody waits for it."""
        with self._lock:
            self._counts[key] += 1
            self._start()

    def close(self) -> None:
        """Write what waits, then stop. Blocks until the thread has ended."""
        with self._lock:
            self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _admit(self, waiting: _Waiting) -> None:
        if self._closed:
            raise LogUnavailableError("The gateway is shutting down.")
        events, size = self._events + len(waiting.events), self._bytes + waiting.size
        # A lone request is always taken: it could never be taken later either.
        if self._events and (
            events > self._limits.pending_events or size > self._limits.pending_bytes
        ):
            raise OverloadedError(f"{self._events} events wait to be stored.")
        self._events, self._bytes = events, size
        self._queue.append(waiting)
        self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait(self._limits.count_interval)
            self._wake.clear()  # before looking: what comes later sets it again
            with self._lock:
                batch, counts = self._take()
                if self._queue:
                    self._wake.set()
                last = self._closed and not self._queue
            if batch or counts:
                self._write(batch, counts)

    def _take(self) -> tuple[list[_Waiting], Counter[CounterKey]]:
        """What the next transaction holds: at least one request, then as many as fit."""
        batch: list[_Waiting] = []
        events = 0
        while self._queue:
            events += len(self._queue[0].events)
            if batch and events > self._limits.batch_events:
                break
            batch.append(self._queue.popleft())
        counts, self._counts = self._counts, Counter()
        return batch, counts

    def _write(self, batch: Sequence[_Waiting], counts: Counter[CounterKey]) -> None:
        started = perf_counter()
        outcomes = self._commit(batch, counts) if batch else self._commit_counts(counts)
        with self._lock:
            self._events -= sum(len(waiting.events) for waiting in batch)
            self._bytes -= sum(waiting.size for waiting in batch)
        if self._observe is not None and batch:
            events = sum(len(waiting.events) for waiting in batch)
            self._observe(events, perf_counter() - started)
        _settle(batch, outcomes)

    def _commit(self, batch: Sequence[_Waiting], counts: Counter[CounterKey]) -> list[Outcome]:
        """One transaction for all; when it fails for another reason than the log, one for each."""
        try:
            answers = iter(self._log.append([e for w in batch for e in w.events], counts))
        except LogUnavailableError as error:
            self._keep(counts)
            return [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - one bad event must not fail its neighbours
            if len(batch) > 1:
                self._keep(counts)
                return [self._commit([waiting], Counter())[0] for waiting in batch]
            _LOG.error("append_failed", error=type(error).__name__)
            return [InternalError(f"The event cannot be stored: {type(error).__name__}.")]
        return [[next(answers) for _ in waiting.events] for waiting in batch]

    def _commit_counts(self, counts: Counter[CounterKey]) -> list[Outcome]:
        try:
            self._log.add_counters(counts)
        except LogUnavailableError as error:
            if not self._closed:
                self._keep(counts)
            _LOG.warning("counts_delayed", code=error.code, counts=counts.total())
        return []

    def _keep(self, counts: Counter[CounterKey]) -> None:
        """Put counts back, for the next transaction."""
        with self._lock:
            self._counts.update(counts)


def _settle(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    """Hand the outcomes over to the waiting tasks, with one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome]]] = {}
    for waiting, outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting, outcome))
    for loop, settled in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, settled)


def _resolve(settled: Sequence[tuple[_Waiting, Outcome]]) -> None:
    for waiting, outcome in settled:
        if waiting.future.done():  # the client went away; the event is stored all the same
            continue
        if isinstance(outcome, BaseException):
            waiting.future.set_exception(outcome)
        else:
            waiting.future.set_result(outcome)
