"""How many requests a vendor account may make: a sliding window with a share for hot leads.

Pure: the time is passed in, and waiting is the caller's business.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Budget:
    """`requests` within any `window`. `margin` lengthens the window, because requests reach the
    vendor later than we count them, and not all equally late."""

    requests: int
    window: timedelta
    reserved_share: float = 0.02
    margin: timedelta = timedelta(milliseconds=200)

    def allowed(self, *, hot: bool) -> int:
        """Requests per window; cold rows leave the reserved share (at least one) alone."""
        if hot or self.requests <= 1:
            return self.requests
        return self.requests - max(1, math.ceil(self.requests * self.reserved_share))


@dataclass(slots=True)
class Quota:
    """What is left of a budget. Without a budget only a pause asked for by the vendor counts."""

    budget: Budget | None = None
    _taken: deque[datetime] = field(default_factory=deque)
    _paused_until: datetime | None = None

    def wait(self, now: datetime, *, hot: bool) -> timedelta:
        """How long until a request may go out; zero when it may go now."""
        return max(self.paused(now), self._window_wait(now, hot=hot))

    def paused(self, now: datetime) -> timedelta:
        """How much of a pause that the vendor asked for is left."""
        return max(self._paused_until - now, _NOTHING) if self._paused_until else _NOTHING

    def take(self, now: datetime) -> None:
        """Count one request that goes out now."""
        if self.budget is not None:
            self._taken.append(now)

    def pause(self, until: datetime) -> None:
        """The vendor said when to come back."""
        self._paused_until = max(until, self._paused_until or until)

    def _window_wait(self, now: datetime, *, hot: bool) -> timedelta:
        if self.budget is None:
            return _NOTHING
        length = self.budget.window + self.budget.margin
        while self._taken and self._taken[0] + length <= now:
            self._taken.popleft()
        over = len(self._taken) - self.budget.allowed(hot=hot)
        return max(self._taken[over] + length - now, _NOTHING) if over >= 0 else _NOTHING
