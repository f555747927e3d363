"""What all dispatchers know about a destination. Pure: values and the values that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reverse_etl.breaker import Breaker, BreakerPolicy
from reverse_etl.model import Call, Outcome

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Health:
    """`stopped_code` is set while credentials or address have to be mended; `paused_until` says
    when it may be asked again, as the vendor told us or because it could not be reached."""

    breaker: Breaker = field(default_factory=Breaker)
    stopped_code: str | None = None
    stopped_at: datetime | None = None
    paused_until: datetime | None = None

    def pause_left(self, now: datetime) -> timedelta:
        """How much of a pause is left."""
        return max(self.paused_until - now, _NOTHING) if self.paused_until else _NOTHING

    def probing(self, now: datetime, policy: BreakerPolicy) -> Health:
        """The health once somebody probes: nobody else does until that should have ended."""
        return replace(self, breaker=replace(self.breaker, probe_at=now + policy.probe_after))

    def after(
        self,
        calls: Sequence[Call],
        outcomes: Sequence[Outcome],
        *,
        now: datetime,
        policy: BreakerPolicy,
        pause: timedelta | None = None,
    ) -> Health:
        """The health once a batch ended; `pause`: how long to leave the destination alone."""
        breaker = self.breaker
        for call in calls:
            breaker = breaker.record(now, ok=not call.failed, policy=policy)
        until = self.paused_until if self.pause_left(now) else None
        if pause is not None:
            until = max(now + pause, until or now)
        learned = replace(self, breaker=breaker, paused_until=until)
        refused = next((each for each in outcomes if each.stops), None)
        if refused is not None:
            code, since = refused.code, self.stopped_at or now
            return replace(learned, stopped_code=code, stopped_at=since)
        if any(call.status is not None for call in calls):
            return replace(learned, stopped_code=None, stopped_at=None)
        return learned
