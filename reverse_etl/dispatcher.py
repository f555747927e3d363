"""Lease → consent → breaker → quota → send → classify → settle, one lane a destination (law 9)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog

from reverse_etl import catalogue
from reverse_etl.connectors.base import Connector, Looker
from reverse_etl.crew import Crew
from reverse_etl.errors import LedgerError
from reverse_etl.lane import Lane, Rest, pause
from reverse_etl.ledger import Ledger
from reverse_etl.looking import Looking
from reverse_etl.model import Answer, State
from reverse_etl.reports import DestinationReport, DispatchReport, LedgerCounts, Problem
from reverse_etl.tools import Clock, DispatchPolicy, Observe, OnAnswer, Sleep, Tools

_log = structlog.get_logger("reverse_etl.dispatch")
_WORKER_FAILED = "WORKER_FAILED"


def _ignore(_answers: Sequence[Answer]) -> None:
    return None


class Dispatcher:
    """Sends what the ledger holds. `clock` returns aware UTC times; `on_answer` is called in a
    thread before a contact's first delivery is settled, and must be idempotent."""

    def __init__(
        self,
        ledger: Ledger,
        connectors: Mapping[str, Connector],
        *,
        clock: Clock,
        rng: random.Random,
        on_answer: OnAnswer = _ignore,
        policy: DispatchPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
        observe: Observe | None = None,
    ) -> None:
        self._ledger = ledger
        self._connectors = connectors
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        policy = policy or DispatchPolicy()
        self._tools = Tools(ledger, clock, sleep, rng, on_answer, policy, self._in_thread, observe)
        self._lanes: dict[str, Lane] = {}
        self._wakes: dict[str, asyncio.Event] = {}

    def close(self) -> None:
        """Stop the ledger's thread."""
        self._threads.shutdown()

    def wake(self) -> None:
        """New rows were enqueued: look at once. Call it in the event loop of `run`."""
        for event in self._wakes.values():
            event.set()

    def looking(self, destination: str) -> Looking | None:
        """A way to look at what a destination holds; None when it cannot be asked."""
        connector = self._connectors.get(destination)
        if not isinstance(connector, Looker):
            return None
        return Looking(connector, connector, self._tools)

    async def drain(self, max_wait: timedelta) -> DispatchReport:
        """Deliver until nothing comes due within `max_wait`; waiting for the request budget is
        always allowed. Raises LedgerUnavailableError; everything else is in the report."""
        lanes = list(self._open_lanes().values())
        for lane in lanes:
            lane.begin()
        ends = await asyncio.gather(
            *(self._drain(lane, max_wait) for lane in lanes), return_exceptions=True
        )
        problems = [problem for lane in lanes for problem in lane.problems.values()]
        for lane, end in zip(lanes, ends, strict=True):
            if isinstance(end, BaseException):
                problems.append(_worker_failed(lane, end))
        counts = await self._tools.db(self._ledger.counts)
        problems += _without_connector(counts, self._connectors)
        return DispatchReport({lane.name: _report(lane, counts) for lane in lanes}, tuple(problems))

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set. A lane that fails rests and starts again."""
        lanes = self._open_lanes()
        self._wakes = {name: asyncio.Event() for name in lanes}
        await asyncio.gather(
            *(self._run(lane, stop, self._wakes[lane.name]) for lane in lanes.values())
        )

    async def _drain(self, lane: Lane, max_wait: timedelta) -> None:
        crew = Crew(lane, lane.step)
        try:
            while not lane.gave_up:
                rest = await crew.work()
                if rest.worked:
                    continue
                if rest.until is None:
                    return
                wait = lane.seconds_until(rest.until)
                if wait > max_wait.total_seconds() and not rest.quota:
                    return
                await self._tools.sleep(wait)
        finally:
            await crew.end()

    async def _run(self, lane: Lane, stop: asyncio.Event, wake: asyncio.Event) -> None:
        crew = Crew(lane, lambda: self._step_safely(lane))
        idle = self._tools.policy.idle.total_seconds()
        while not stop.is_set():
            wake.clear()
            rest = await crew.work(stop, wake, until=idle)
            if not rest.worked and not crew.busy:
                wait = idle if rest.until is None else min(lane.seconds_until(rest.until), idle)
                await pause(self._tools.sleep, wait, stop, wake)
        await crew.end()

    async def _step_safely(self, lane: Lane) -> Rest:
        """The lane's next step. Its failure is its own: it is logged, and tried again."""
        try:
            return await lane.step()
        except Exception as error:  # noqa: BLE001  # the service outlives a fault in one lane
            _worker_failed_log(lane, error)
            return Rest(self._tools.clock() + self._tools.policy.retry.first)

    def _open_lanes(self) -> dict[str, Lane]:
        if not self._lanes:
            self._lanes = {
                name: Lane(connector, self._tools) for name, connector in self._connectors.items()
            }
        return self._lanes

    def _in_thread(self, act: Callable[[], object]) -> Awaitable[object]:
        return asyncio.get_running_loop().run_in_executor(self._threads, act)


def _worker_failed_log(lane: Lane, error: BaseException) -> None:
    _log.error("lane_failed", destination=lane.name, error=type(error).__name__, exc_info=error)


def _worker_failed(lane: Lane, error: BaseException) -> Problem:
    if isinstance(error, LedgerError) or not isinstance(error, Exception):
        raise error
    _worker_failed_log(lane, error)
    message = f"The worker for {lane.name} stopped with {type(error).__name__}."
    remedy = "See the log; its rows are read back and sent by the next run."
    return Problem(_WORKER_FAILED, lane.name, message, remedy)


def _report(lane: Lane, counts: LedgerCounts) -> DestinationReport:
    left = counts.by_destination.get(lane.name, {})
    return DestinationReport(
        delivered=lane.tally[State.DELIVERED],
        dead=lane.tally[State.DEAD],
        cancelled=lane.tally[State.CANCELLED],
        retried=lane.tally[State.PENDING],
        unknown=lane.tally[State.UNKNOWN],
        requests=lane.tally["requests"],
        pending=sum(left.get(s, 0) for s in (State.PENDING, State.UNKNOWN, State.IN_FLIGHT)),
        held=left.get(State.HELD, 0),
    )


def _without_connector(counts: LedgerCounts, connectors: Mapping[str, Connector]) -> list[Problem]:
    code = catalogue.CONNECTOR_MISSING
    return [
        Problem(
            code,
            destination,
            f"{states[State.PENDING]} rows wait for {destination}, which has no connector.",
            catalogue.remedy(code),
        )
        for destination, states in counts.by_destination.items()
        if states.get(State.PENDING) and destination not in connectors
    ]
