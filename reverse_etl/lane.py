"""One destination's worker. What it knows of the destination stands in the ledger, so that several
dispatchers work on one queue, behind one breaker and within one budget."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.breaker import Permit
from reverse_etl.connectors.base import Connector
from reverse_etl.delivering import Delivering, Ended
from reverse_etl.health import Health
from reverse_etl.model import Delivery, Kind, State
from reverse_etl.pace import Pace
from reverse_etl.reports import Problem
from reverse_etl.tools import Sleep, Tools

_CREDITS: Final = {
    catalogue.CREDITS_USED_UP: "has no credits left; its rows stay queued",
    catalogue.CREDIT_BUDGET_SPENT: "has spent the credits we allow it; its rows stay queued",
}


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when a lane has nothing to do; None when its queue is empty. `quota`: it only waits
    for the request budget, which a drain always does. `worked`: it has just done a batch."""

    until: datetime | None
    quota: bool = False
    worked: bool = False


class Lane:
    """The work at one destination; `pace` says how many steps may be under way at once."""

    def __init__(self, connector: Connector, tools: Tools) -> None:
        self.connector = connector
        self.tally: Counter[str] = Counter()
        self.problems: dict[str, Problem] = {}
        self.unreachable = 0
        self.limited = 0
        self.refused = False
        self.pace = Pace.within(connector.budget, tools.policy.at_once)
        self._tools = tools
        self._delivering = Delivering(connector, tools)
        self._limits = connector.actions
        self._next_sweep: datetime | None = None
        self._next_try: datetime | None = None

    @property
    def name(self) -> str:
        """The destination."""
        return self.connector.destination

    @property
    def gave_up(self) -> bool:
        """Whether waiting a little would not help: not reachable, or our credentials refused."""
        return self.refused or self.unreachable >= self._tools.policy.unreachable_limit

    def seconds_until(self, moment: datetime) -> float:
        """How long until then, at least nothing."""
        return max((moment - self._tools.clock()).total_seconds(), 0.0)

    def begin(self) -> None:
        """A new drain: forget what the last one counted, and try once whatever was refused."""
        self.tally.clear()
        self.problems.clear()
        self.unreachable, self.limited, self.refused, self._next_try = 0, 0, False, None

    async def step(self) -> Rest:
        """Do one batch if there is one; returns when to come back."""
        now = self._tools.clock()
        health = await self._tools.db(self._tools.ledger.health_of, self.name)
        await self._sweep(now, health)
        if await self._tools.db(self._tools.ledger.switches.is_off, self.name):
            self._note(catalogue.SWITCHED_OFF, "is switched off; its rows stay queued")
            return Rest(None)
        if health.stopped_code and self._next_try and now < self._next_try:
            return Rest(self._next_try)
        if pause := health.pause_left(now):
            await self._explain_pause()
            return Rest(now + pause)
        permit = health.breaker.permit(now)
        if permit is not Permit.OPEN_ROAD:
            await self._tools.db(self._tools.ledger.hold, self.name, now)
        if permit is Permit.PROBE and not await self._may_probe(now):
            permit = Permit.REFUSED
        if permit is Permit.REFUSED:
            return await self._rest_until_probe(health)
        return await self._lease_and_deliver(now, permit, health)

    async def _may_probe(self, now: datetime) -> bool:
        policy = self._tools.policy.breaker
        return await self._tools.db(self._tools.ledger.claim_probe, self.name, now, policy)

    async def _rest_until_probe(self, health: Health) -> Rest:
        held = await self._tools.db(
            self._tools.ledger.find, destination=self.name, states=[State.HELD], limit=1
        )
        self._note(catalogue.BREAKER_OPEN, "answers most requests with errors; its rows are held")
        return Rest(health.breaker.probe_at if held else None)

    async def _lease_and_deliver(self, now: datetime, permit: Permit, health: Health) -> Rest:
        # One row is enough to see whether a destination is back.
        careful = permit is Permit.PROBE or health.stopped_code is not None or self.unreachable > 0
        cold_wait = await self._request_wait(now, hot=False)
        hot_only = bool(cold_wait) and not await self._request_wait(now, hot=True)
        if cold_wait and not hot_only:
            return Rest(now + cold_wait, quota=True)
        queue = State.HELD if permit is Permit.PROBE else State.PENDING
        for state in (State.UNKNOWN, queue):
            rows = await self._lease(now, state, 1 if careful else None, hot_only=hot_only)
            if rows:
                await self._deliver(rows, state, probing=permit is Permit.PROBE)
                return Rest(self._tools.clock(), worked=True)
        if hot_only:
            return Rest(now + cold_wait, quota=True)
        return Rest(await self._tools.db(self._tools.ledger.next_due, self.name))

    async def _request_wait(self, now: datetime, *, hot: bool) -> timedelta:
        budget = self.connector.budget
        if budget is None:
            return timedelta()
        ask = self._tools.ledger.request_wait
        return await self._tools.db(ask, self.name, now, budget, hot=hot)

    async def _lease(
        self, now: datetime, state: State, most: int | None, *, hot_only: bool
    ) -> list[Delivery]:
        return await self._tools.db(
            self._tools.ledger.lease,
            self.name,
            token=f"{self._tools.owner}:{self._tools.rng.getrandbits(128):032x}",
            now=now,
            ttl=self._tools.policy.lease,
            limits=self._limits,
            state=state,
            most=most,
            hot_only=hot_only,
        )

    async def _deliver(self, rows: Sequence[Delivery], state: State, *, probing: bool) -> None:
        ended = await self._delivering.deliver(
            rows, read_back=state is State.UNKNOWN, probing=probing
        )
        now = self._tools.clock()
        pause = self._pause(ended)

        def learn(health: Health) -> Health:
            policy = self._tools.policy.breaker
            return health.after(ended.calls, ended.outcomes, now=now, policy=policy, pause=pause)

        await self._tools.db(
            self._tools.ledger.settle, self.name, ended.settlements, now, learn=learn
        )
        if self._tools.observe is not None:
            self._tools.observe(ended.settlements, now)
        self.pace = self.pace.after(ended.calls)
        self._count(ended)
        self._remember(ended, now)

    def _pause(self, ended: Ended) -> timedelta | None:
        """How long the destination wants to be left alone: as it says, or by our own rule."""
        rng, policy = self._tools.rng, self._tools.policy.retry
        if any(outcome.kind is Kind.UNREACHABLE for outcome in ended.outcomes):
            return policy.delay(self.unreachable + 1, rng)
        waits = [
            outcome.retry_after
            for outcome in ended.outcomes
            if outcome.kind is Kind.RETRYABLE
            and outcome.retry_after
            # A spent budget is our own affair, and hot leads have a share of it yet.
            and outcome.code != catalogue.CREDIT_BUDGET_SPENT
        ]
        if waits:
            return max(waits)
        return policy.delay(self.limited + 1, rng) if _limited(ended) else None

    def _remember(self, ended: Ended, now: datetime) -> None:
        """What a person should know, and when this worker gives up."""
        answered = any(call.status is not None for call in ended.calls)
        for code in {o.code for o in ended.outcomes if o.stops}:
            self.refused, self._next_try = True, now + self._tools.policy.credential_retry
            refuses = code == catalogue.AUTHENTICATION_FAILED
            what = "refuses our credentials" if refuses else "cannot be used as it is set up"
            self._note(code, f"{what}; its rows stay queued")
        for code in {outcome.code for outcome in ended.outcomes} & set(_CREDITS):
            self._note(code, _CREDITS[code])
        if _limited(ended):
            self.limited += 1
            self._note(catalogue.RATE_LIMITED, "takes no more requests now; its rows stay queued")
        elif answered:
            self.limited = 0
            self.problems.pop(catalogue.RATE_LIMITED, None)
        if any(outcome.kind is Kind.UNREACHABLE for outcome in ended.outcomes):
            self.unreachable += 1
            code = catalogue.DESTINATION_UNREACHABLE
            self._note(code, "cannot be reached; its rows stay queued, nothing is lost")
        elif answered:
            self.unreachable = 0
            self.problems.pop(catalogue.DESTINATION_UNREACHABLE, None)
            self.problems.pop(catalogue.BREAKER_OPEN, None)

    async def _explain_pause(self) -> None:
        code = catalogue.CREDITS_USED_UP
        if code in self.problems:
            return
        waiting = await self._tools.db(
            self._tools.ledger.find,
            destination=self.name,
            states=[State.PENDING],
            code=code,
            limit=1,
        )
        if waiting:
            self._note(code, _CREDITS[code])

    async def _sweep(self, now: datetime, health: Health) -> None:
        if self._next_sweep is None or now >= self._next_sweep:
            self._next_sweep = now + self._tools.policy.sweep_every
            self.tally["dead"] += await self._tools.db(
                self._tools.ledger.sweep, self.name, now, self._tools.is_dead
            )
            if not health.breaker.is_open:  # a row may have been held while another closed it
                await self._tools.db(self._tools.ledger.release, self.name, now)

    def _count(self, ended: Ended) -> None:
        for settlement in ended.settlements:
            self.tally[settlement.decision.state] += 1
        self.tally["requests"] += len(ended.calls)
        if ended.recording_failed:
            self._note(catalogue.RECORDING_FAILED, "answered, but the answer was not recorded")

    def _note(self, code: str, what: str) -> None:
        message = f"{self.name} {what}."
        self.problems[code] = Problem(code, self.name, message, catalogue.remedy(code))


def _limited(ended: Ended) -> bool:
    return any(outcome.code == catalogue.RATE_LIMITED for outcome in ended.outcomes)


async def pause(sleep: Sleep, seconds: float, *events: asyncio.Event) -> None:
    """Sleep, but not beyond the first of these events."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in events]
    tasks.append(asyncio.ensure_future(sleep(max(seconds, 0.0))))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
