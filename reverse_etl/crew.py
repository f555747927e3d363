"""Several steps of one lane at a time, as many as its pace allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from reverse_etl.lane import Lane, Rest


class Crew:
    """Steps under way at one destination. `step` does one batch, or tells when to come back.

    Rows of one person never travel in two steps at once: the ledger leases them in order.
    """

    def __init__(self, lane: Lane, step: Callable[[], Awaitable[Rest]]) -> None:
        self._lane = lane
        self._step = step
        self._steps: set[asyncio.Future[Rest]] = set()

    async def work(self, *events: asyncio.Event, until: float | None = None) -> Rest:
        """Go on until a step has done something, or none finds anything to do; an event, or
        `until` seconds, end the wait for those that are busy. Raises what a step raises."""
        while len(self._steps) < self._lane.pace.at_once:
            self._steps.add(asyncio.ensure_future(self._step()))
        rest = Rest(None)
        while self._steps:
            ended = await self._first(events, until)
            if not ended:
                return rest
            rests = [step.result() for step in ended]
            worked = next((each for each in rests if each.worked), None)
            if worked:
                return worked
            rest = rests[0]
            if rest.until is not None and events:
                until = self._lane.seconds_until(rest.until)
        return rest

    @property
    def busy(self) -> bool:
        """Whether a step is under way."""
        return bool(self._steps)

    async def end(self) -> None:
        """Let what is under way come to its end."""
        await asyncio.gather(*self._steps, return_exceptions=True)

    async def _first(
        self, events: tuple[asyncio.Event, ...], until: float | None
    ) -> set[asyncio.Future[Rest]]:
        """The steps that ended first; none when an event came before."""
        signals: list[asyncio.Future[Any]] = [asyncio.ensure_future(e.wait()) for e in events]
        try:
            done, _ = await asyncio.wait(
                {*self._steps, *signals}, timeout=until, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for signal in signals:
                signal.cancel()
        ended = done & self._steps
        self._steps -= ended
        return ended
