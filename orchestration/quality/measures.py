"""What no single row tells: volume, silence and drift. Pure: counts and times in, verdicts out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from ingestion.gateway.rhythm import rhythm


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kept` is None where there is too little to judge by; `said` tells of figures only."""

    key: str
    kept: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Volume:
    """The usual is the median of the same weekday in the `weeks` before, of which the source must
    have lived through `history`; a usual below `rows` says nothing. A day keeps it with `least` to
    `most` times as much."""

    weeks: int = 8
    history: int = 4
    rows: float = 20
    least: float = 0.5
    most: float = 3.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """The newest `events` of a source are its rhythm, if they lie `days` apart at least."""

    events: int = 200
    days: float = 1


@dataclass(frozen=True, slots=True)
class Drift:
    """Population stability index: below 0.1 nothing has changed, from `psi` on very much (Siddiqi,
    Credit Risk Scorecards, 2006). Both periods must have so many `people`."""

    psi: float = 0.25
    people: int = 100
    days: int = 28
    reference_days: int = 84


def volume(
    source: str, counts: Mapping[date, int], day: date, policy: Volume = Volume()
) -> Verdict:
    """Of one source on one finished day; a day without rows counts as 0 from its first row on."""
    first = min(counts, default=day)
    before = [day - timedelta(weeks=week) for week in range(1, policy.weeks + 1)]
    usual = [counts.get(each, 0) for each in before if each >= first]
    if len(usual) < policy.history:
        return Verdict(source, None, f"{len(usual)} of {policy.history} weeks of history")
    middle, rows = median(usual), counts.get(day, 0)
    if middle < policy.rows:
        return Verdict(source, None, f"{middle:g} rows are usual, too few to judge by")
    kept = policy.least * middle <= rows <= policy.most * middle
    return Verdict(source, kept, f"{rows:,} rows on {day}, {middle:,.0f} are usual")


def freshness(
    source: str,
    received: Sequence[datetime],
    now: datetime,
    policy: Freshness = Freshness(),
    *,
    then: datetime | None = None,
) -> Verdict:
    """`received`: newest first, in UTC; `then`: the last event until a week ago, so that nights and
    weekends are no silence."""
    told = rhythm(received, now)
    if told is None or told.long_gap is None:
        return Verdict(source, None, "too few events for a rhythm")
    if received[0] - received[-1] < timedelta(days=policy.days):
        return Verdict(source, None, f"its events lie within {policy.days:g} day(s)")
    told = told.beside(then, now)
    usual = max(told.long_gap or timedelta(), told.gap_then or timedelta())
    silent = f"silent for {_short(told.gap)}, {_short(usual)} are usual at this hour"
    return Verdict(source, not told.silent, silent)


def mix(
    what: str, reference: Mapping[str, int], current: Mapping[str, int], policy: Drift = Drift()
) -> Verdict:
    """How far the shares of kinds have moved from one period to the next."""
    then, now = sum(reference.values()), sum(current.values())
    if min(then, now) < policy.people:
        return Verdict(what, None, f"{then:,} and {now:,} people, {policy.people:,} are needed")
    return stable(what, psi(reference, current), policy)


def stable(what: str, index: float, policy: Drift = Drift()) -> Verdict:
    """Judge an index that is known."""
    return Verdict(what, index < policy.psi, f"PSI {index:.3f}, below {policy.psi:g} is stable")


def psi(reference: Mapping[str, int], current: Mapping[str, int]) -> float:
    """Half a person more of each kind, so that one that is not there has a logarithm."""
    kinds = reference.keys() | current.keys()
    then, now = (_shares(counts, kinds) for counts in (reference, current))
    return sum((now[kind] - then[kind]) * math.log(now[kind] / then[kind]) for kind in kinds)


_MORE: Final = 0.5


def _shares(counts: Mapping[str, int], kinds: set[str]) -> dict[str, float]:
    total = sum(counts.values()) + _MORE * len(kinds)
    return {kind: (counts.get(kind, 0) + _MORE) / total for kind in kinds}


def _short(gap: timedelta) -> str:
    hours = gap.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
