"""How many requests a vendor account may make, or credits it may spend: a sliding window with a
share for hot leads.

Pure: the time and what was taken are passed in, and waiting is the caller's business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Credits:
    """How many credits may be spent now, and how long until there are more; `taken`: which ones,
    so that they can be given back."""

    granted: int
    wait: timedelta = _NOTHING
    taken: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """`requests` within any `window`. A request counts until the window after its *answer* is
    over: the vendor counted it at some time before that, however long it was on its way. `margin`
    lengthens the window for what clocks round off."""

    requests: int
    window: timedelta
    reserved_share: float = 0.02
    margin: timedelta = timedelta(milliseconds=20)

    @property
    def length(self) -> timedelta:
        """How long a request counts."""
        return self.window + self.margin

    def allowed(self, *, hot: bool) -> int:
        """Requests per window; cold rows leave the reserved share (at least one) alone."""
        if hot or self.requests <= 1:
            return self.requests
        return self.requests - max(1, math.ceil(self.requests * self.reserved_share))

    def wait(self, taken: Sequence[datetime], now: datetime, *, hot: bool) -> timedelta:
        """How long until a request may go out; zero when it may go now. `taken`: when those of
        the window went out, oldest first."""
        over = len(taken) - self.allowed(hot=hot)
        return max(taken[over] + self.length - now, _NOTHING) if over >= 0 else _NOTHING

    def lasts(self, requests: int) -> timedelta:
        """How long so many requests for cold rows take; those of the first window go at once."""
        return max(requests - 1, 0) // self.allowed(hot=False) * self.length

    def grant(self, wanted: int, taken: Sequence[datetime], now: datetime, *, hot: bool) -> Credits:
        """As much of what is wanted as may be taken now."""
        granted = min(wanted, max(self.allowed(hot=hot) - len(taken), 0))
        if granted == wanted:
            return Credits(granted)
        return Credits(granted, self.wait([*taken, *[now] * granted], now, hot=hot))
