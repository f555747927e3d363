"""How many requests may come in: a token bucket. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_NOTHING = timedelta()
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """``requests`` a ``window`` on average, and as many at once."""

    requests: int
    window: timedelta = _SECOND


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
    """The requests that may still come. Full at first.

    What is missing is kept as the time that fills it up again (the generic cell rate algorithm):
    times are exact where fractions of a request are not.
    """

    rate: Rate
    _missing: timedelta = _NOTHING
    _at: datetime | None = None

    def take(self, now: datetime) -> Verdict:
        """Take one request when it may come now. A clock that went back adds nothing."""
        each = self.rate.window / self.rate.requests
        if self._at is not None and now > self._at:
            self._missing = max(_NOTHING, self._missing - (now - self._at))
        self._at = now
        over = self._missing + each - each * self.rate.requests
        if over <= _NOTHING:
            self._missing += each
        return Verdict(
            allowed=over <= _NOTHING,
            limit=self.rate.requests,
            remaining=self.rate.requests - _upwards(self._missing, each),
            reset=_upwards(self._missing, _SECOND),
            retry_after=max(0, _upwards(over, _SECOND)),
        )


def _upwards(span: timedelta, unit: timedelta) -> int:
    """How many units cover the span."""
    return -(-span // unit)
