"""What the lanes of a dispatcher share."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar, cast

from reverse_etl.breaker import BreakerPolicy
from reverse_etl.ledger import Ledger, Settlement
from reverse_etl.model import Answer
from reverse_etl.owner import is_dead, this_process
from reverse_etl.retry import RetryPolicy

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]
OnAnswer = Callable[[Sequence[Answer]], None]
Observe = Callable[[Sequence[Settlement], datetime], None]
"""Hears of rows that were settled, and when; it may neither wait nor raise."""


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """How a dispatcher behaves. `lease` must outlast `send_timeout`. `at_once`: the most batches
    under way at one destination."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    lease: timedelta = timedelta(seconds=120)
    send_timeout: timedelta = timedelta(seconds=90)
    at_once: int = 8
    unreachable_limit: int = 3
    """A drain gives a destination up after so many failures to connect in a row."""
    credential_retry: timedelta = timedelta(seconds=60)
    """How long a running dispatcher waits before it tries refused credentials again."""
    sweep_every: timedelta = timedelta(seconds=1)
    idle: timedelta = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True)
class Tools:
    """What lanes share: the ledger behind one thread, time, chance and the way for answers."""

    ledger: Ledger
    clock: Clock
    sleep: Sleep
    rng: random.Random
    on_answer: OnAnswer
    policy: DispatchPolicy
    executor: Callable[[Callable[[], object]], Awaitable[object]]
    observe: Observe | None = None
    owner: str = field(default_factory=this_process)
    is_dead: Callable[[str], bool] = is_dead

    async def db(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work beside the event loop, so that other destinations go on."""
        return cast(T, await self.executor(lambda: act(*args, **kwargs)))
