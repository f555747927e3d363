"""Which way the next build goes: a pure policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.incremental.state import State


@dataclass(frozen=True, slots=True)
class Policy:
    """When a build is a full one although it need not be.

    `share`: of all people (0 to 1), when more are touched; `few`: so many may be touched in any
    case; `every`: the time after which; `after`: that many incremental builds (0: any number).
    """

    share: float = 0.25
    few: int = 5_000
    every: timedelta = timedelta(days=1)
    after: int = 0

    def too_many(self, touched: int, people: int) -> bool:
        """Whether so many of so many people are better built with all."""
        return touched > max(self.few, self.share * people)


@dataclass(frozen=True, slots=True)
class Full:
    """Build everything; `reason` is shown."""

    reason: str


@dataclass(frozen=True, slots=True)
class Incremental:
    """Build on what the warehouse holds."""

    held: State


def decide(
    held: State | None, *, fingerprint: str, head: int, policy: Policy, now: datetime
) -> Full | Incremental:
    """`fingerprint` is that of the models as they are, `head` the last position of raw.events."""
    if held is None:
        return Full("the warehouse holds no finished build")
    if held.fingerprint != fingerprint:
        return Full("the models, seeds or functions changed")
    if head < held.position:
        return Full("events that were built in are gone")
    if policy.after and held.since_full >= policy.after:
        return Full(f"{held.since_full} incremental builds since the last full one")
    if now - held.full_at >= policy.every:
        return Full(f"the last full build is of {held.full_at:%Y-%m-%d %H:%M} UTC")
    return Incremental(held)
