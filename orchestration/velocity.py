"""How fast leads go from the gateway to a destination, and whether that is fast enough. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from ingestion.event_log import Arrival
from reverse_etl import catalogue
from reverse_etl.ledger import Way
from reverse_etl.reports import Problem

# A delivery that was recorded later than this after the event it tells of was set off by something
# else: another rule, a destination that was switched on.
SET_OFF_WITHIN: Final = timedelta(days=1)
UNKNOWN_SOURCE: Final = "(unknown)"
STEPS: Final = ("submitted", "received", "recorded", "requested", "answered")


class Track(NamedTuple):
    """Whose speed is told together. `hot`: the objective holds for it."""

    source: str
    destination: str
    action: str
    hot: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """The way of one delivery: `submitted_at` by the sender's clock, `received_at` by the gateway
    (None: what set it off is not known), `recorded_at` in the ledger, `requested_at` when the first
    request went out, `answered_at` when the destination had taken it."""

    track: Track
    submitted_at: datetime
    received_at: datetime | None
    recorded_at: datetime
    requested_at: datetime | None = None
    answered_at: datetime | None = None

    def lasts(self, now: datetime) -> float:
        """Seconds from receipt (or the record, where that is not known) to the answer, or now."""
        end = self.answered_at or now
        return max(0.0, (end - (self.received_at or self.recorded_at)).total_seconds())

    def steps(self) -> Mapping[str, float]:
        """Seconds of each step that was taken, e.g. `received_to_recorded`; one that two clocks
        tell backwards is left out."""
        times = (
            self.submitted_at,
            self.received_at,
            self.recorded_at,
            self.requested_at,
            self.answered_at,
        )
        return {
            f"{start}_to_{end}": (ended - began).total_seconds()
            for (start, began), (end, ended) in pairwise(zip(STEPS, times, strict=True))
            if began is not None and ended is not None and ended >= began
        }


@dataclass(frozen=True, slots=True)
class Speed:
    """The speed of one track: percentiles of the seconds from receipt to answer, and of each step.
    `waiting`, `longest_wait_seconds` and `met` are told of hot rows only."""

    source: str
    destination: str
    action: str
    hot: bool
    delivered: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    steps_p95_seconds: Mapping[str, float]
    waiting: int | None = None
    longest_wait_seconds: float | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class LeadVelocity:
    """`partial`: more was delivered, or waits, than was looked at."""

    objective_seconds: float
    window_seconds: float
    partial: bool
    tracks: Sequence[Speed] = field(default_factory=tuple)

    @property
    def met(self) -> bool:
        """Whether no hot track is slower than the objective, and no hot row waits longer."""
        return all(speed.met is not False for speed in self.tracks)


def journey(way: Way, arrived: Sequence[Arrival]) -> Journey | None:
    """The way from the event that set the delivery off: the newest that arrived under its
    correlation id before it was recorded. None where that is history, or where the destination
    knows of it: then changed rules made the row, and nobody waits for it."""
    before = [each for each in arrived if each.received_at <= way.created_at]
    cause = next(iter(before[::-1] or arrived), None)
    if (cause and cause.historical) or _is_told(way, cause):
        return None
    known = cause is not None and (
        timedelta() <= way.created_at - cause.received_at <= SET_OFF_WITHIN
    )
    return Journey(
        track=Track(
            cause.source if cause else UNKNOWN_SOURCE, way.destination, way.action, way.hot
        ),
        submitted_at=way.event_time,
        received_at=cause.received_at if cause and known else None,
        recorded_at=way.created_at,
        requested_at=way.requested_at,
        answered_at=way.delivered_at,
    )


def _is_told(way: Way, cause: Arrival | None) -> bool:
    return way.told_at is not None and (cause is None or way.told_at >= cause.received_at)


def judge(
    journeys: Iterable[Journey],
    *,
    objective: float,
    window: timedelta,
    now: datetime,
    partial: bool = False,
) -> LeadVelocity:
    """The speed of every track that something went or waits in, in order of its name."""
    by_track: dict[Track, list[Journey]] = defaultdict(list)
    for each in journeys:
        by_track[each.track].append(each)
    tracks = tuple(_speed(track, by_track[track], objective, now) for track in sorted(by_track))
    return LeadVelocity(objective, window.total_seconds(), partial, tracks)


def problems(velocity: LeadVelocity) -> list[Problem]:
    """What is too slow, one a destination."""
    slow: dict[str, list[str]] = defaultdict(list)
    for speed in velocity.tracks:
        if speed.met is False:
            slow[speed.destination].append(told(speed))
    limit = f"the objective is {velocity.objective_seconds:g} s"
    return [
        Problem(
            catalogue.LEAD_VELOCITY,
            destination,
            f"Hot leads are slow: {'; '.join(tracks)}; {limit}.",
            catalogue.remedy(catalogue.LEAD_VELOCITY),
        )
        for destination, tracks in slow.items()
    ]


def told(speed: Speed) -> str:
    """One track in words."""
    parts = []
    if speed.delivered:
        slowest = max(speed.steps_p95_seconds.items(), key=lambda step: step[1], default=None)
        where = f", most of it from {slowest[0].replace('_', ' ')}" if slowest else ""
        parts.append(f"p95 {speed.p95_seconds:.1f} s of {speed.delivered:,} delivered{where}")
    if speed.waiting:
        parts.append(f"{speed.waiting:,} waiting, the longest {speed.longest_wait_seconds:.1f} s")
    return f"{speed.action} from {speed.source}: {', '.join(parts)}"


def percentile(values: Sequence[float], fraction: float) -> float | None:
    """Of sorted values, between two neighbours in proportion, as the reports of the warehouse do;
    None of none."""
    if not values:
        return None
    place = (len(values) - 1) * fraction
    low, high = math.floor(place), math.ceil(place)
    return round(values[low] + (values[high] - values[low]) * (place - low), 3)


def _speed(track: Track, journeys: Sequence[Journey], objective: float, now: datetime) -> Speed:
    done = sorted(each.lasts(now) for each in journeys if each.answered_at is not None)
    waits = [each.lasts(now) for each in journeys if each.answered_at is None]
    longest = round(max(waits, default=0.0), 3)
    p95 = percentile(done, 0.95)
    return Speed(
        *track,
        delivered=len(done),
        p50_seconds=percentile(done, 0.5),
        p95_seconds=p95,
        p99_seconds=percentile(done, 0.99),
        steps_p95_seconds=_steps(each for each in journeys if each.answered_at is not None),
        waiting=len(waits) if track.hot else None,
        longest_wait_seconds=longest if track.hot else None,
        met=max(p95 or 0.0, longest) <= objective if track.hot else None,
    )


def _steps(journeys: Iterable[Journey]) -> dict[str, float]:
    taken: dict[str, list[float]] = {f"{a}_to_{b}": [] for a, b in pairwise(STEPS)}
    for each in journeys:
        for name, seconds in each.steps().items():
            taken[name].append(seconds)
    found = {name: percentile(sorted(seconds), 0.95) for name, seconds in taken.items()}
    return {name: value for name, value in found.items() if value is not None}
