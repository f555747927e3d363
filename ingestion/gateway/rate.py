"""How many requests may come in: a token bucket. Pure: the time is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """``requests`` a ``window`` on average, and as many at once."""

    requests: int
    window: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on; ``remaining`` more may follow at once; ``reset`` is how long
    until all may, and ``retry_after`` how long until the next one may (whole seconds, upwards)."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    retry_after: int


@dataclass(slots=True)
class Bucket:
    """The requests that may still come. Full at first."""

    rate: Rate
    _missing: float = 0.0
    _at: datetime | None = None

    def take(self, now: datetime, cost: int = 1) -> Verdict:
        """Take ``cost`` requests when they may come now, else none. A clock that went back adds
        nothing."""
        seconds_each = self.rate.window.total_seconds() / self.rate.requests
        if self._at is not None and now > self._at:
            passed = (now - self._at).total_seconds()
            self._missing = max(0.0, self._missing - passed / seconds_each)
        self._at = now
        over = self._missing + cost - self.rate.requests
        allowed = over <= 0
        if allowed:
            self._missing += cost
        return Verdict(
            allowed=allowed,
            limit=self.rate.requests,
            remaining=int(self.rate.requests - self._missing),
            reset=math.ceil(self._missing * seconds_each),
            retry_after=0 if allowed else max(1, math.ceil(over * seconds_each)),
        )
