"""The circuit breaker of one destination. Pure: a value and the values that follow from it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


class Permit(enum.Enum):
    """Whether a request may go out."""

    OPEN_ROAD = "open road"
    PROBE = "one probe"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens above `ratio` errors among at least `minimum` requests within `window`."""

    window: timedelta = timedelta(minutes=5)
    minimum: int = 10
    ratio: float = 0.5
    probe_after: timedelta = timedelta(seconds=10)
    bucket: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Requests that began within one short span of time."""

    start: int
    requests: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Recent requests in buckets, and since when the breaker is open."""

    buckets: tuple[Bucket, ...] = ()
    opened_at: datetime | None = None
    probe_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests are refused, but for probes."""
        return self.opened_at is not None

    def permit(self, now: datetime) -> Permit:
        """Whether a request may go out now."""
        if self.opened_at is None:
            return Permit.OPEN_ROAD
        return Permit.PROBE if self.probe_at is None or now >= self.probe_at else Permit.REFUSED

    def record(self, now: datetime, *, ok: bool, policy: BreakerPolicy) -> Breaker:
        """The breaker after one more request."""
        if self.is_open:
            return Breaker() if ok else replace(self, probe_at=now + policy.probe_after)
        counted = replace(self, buckets=_count(self.buckets, now, ok, policy))
        if not ok and _tripped(counted.buckets, policy):
            return replace(counted, opened_at=now, probe_at=now + policy.probe_after)
        return counted


def _count(
    buckets: tuple[Bucket, ...], now: datetime, ok: bool, policy: BreakerPolicy
) -> tuple[Bucket, ...]:
    span = int(policy.bucket.total_seconds())
    start = int(now.timestamp()) // span * span
    oldest = now.timestamp() - policy.window.total_seconds()
    kept = [bucket for bucket in buckets if bucket.start + span > oldest]
    last = kept.pop() if kept and kept[-1].start == start else Bucket(start)
    last = Bucket(start, last.requests + 1, last.errors + (not ok))
    return (*kept, last)


def _tripped(buckets: tuple[Bucket, ...], policy: BreakerPolicy) -> bool:
    requests = sum(bucket.requests for bucket in buckets)
    errors = sum(bucket.errors for bucket in buckets)
    return requests >= policy.minimum and errors > requests * policy.ratio
