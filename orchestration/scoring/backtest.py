"""How good a score version would have been: precision, recall, lift and lead time of its MQLs.

An MQL is a hit when the person has the first opportunity (or deal won) within the horizon after
it. Only MQLs whose horizon has passed are judged, and nobody who had an opportunity before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """MQLs in (since, until] are judged by what happened up to `known_until`, the last event."""

    since: datetime
    until: datetime
    horizon: timedelta
    known_until: datetime


@dataclass(frozen=True, slots=True)
class Mql:
    """A person, by today's id, who would have become an MQL."""

    person_id: str
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What became of everybody: person → first seen, and person → first outcome (if any)."""

    first_seen: Mapping[str, datetime]
    outcomes: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a version would have been worth; a rate is None where nothing could be judged.

    `mqls`: crossings; `people`: who crossed; `already`: MQLs of people with an earlier outcome;
    `undecided`: MQLs whose horizon has not passed yet; `judged` = hits + misses.
    """

    mqls: int
    people: int
    already: int
    undecided: int
    judged: int
    hits: int
    precision: float | None
    recall: float | None
    lift: float | None
    median_lead_days: float | None


def judge(mqls: Sequence[Mql], history: History, window: Window) -> Verdict:
    """The verdict on one version's MQLs in the window."""
    already = [mql for mql in mqls if _had_outcome(mql, history)]
    open_cases = [mql for mql in mqls if not _had_outcome(mql, history)]
    judged = [mql for mql in open_cases if mql.reached_at + window.horizon <= window.known_until]
    leads = [lead for mql in judged if (lead := _lead(mql, history, window)) is not None]
    precision = _rate(len(leads), len(judged))
    base = base_rate(history, window)
    return Verdict(
        mqls=len(mqls),
        people=len({mql.person_id for mql in mqls}),
        already=len(already),
        undecided=len(open_cases) - len(judged),
        judged=len(judged),
        hits=len(leads),
        precision=precision,
        recall=_recall(mqls, history, window),
        lift=round(precision / base, 4) if precision is not None and base else None,
        median_lead_days=round(median(lead / DAY for lead in leads), 2) if leads else None,
    )


def base_rate(history: History, window: Window) -> float | None:
    """Of all people first seen in the window, how many had an outcome within the horizon."""
    seen = {
        person: first
        for person, first in history.first_seen.items()
        if window.since < first <= window.until and first + window.horizon <= window.known_until
    }
    reached = sum(
        (outcome := history.outcomes.get(person)) is not None and outcome <= first + window.horizon
        for person, first in seen.items()
    )
    return _rate(reached, len(seen))


def _recall(mqls: Sequence[Mql], history: History, window: Window) -> float | None:
    """Of the people with a first outcome in the window, how many were MQLs before it, in time."""
    reached: dict[str, list[datetime]] = {}
    for mql in mqls:
        reached.setdefault(mql.person_id, []).append(mql.reached_at)
    wanted = {
        person: outcome
        for person, outcome in history.outcomes.items()
        if window.since < outcome <= window.until
    }
    found = sum(
        any(outcome - window.horizon <= moment < outcome for moment in reached.get(person, ()))
        for person, outcome in wanted.items()
    )
    return _rate(found, len(wanted))


def _had_outcome(mql: Mql, history: History) -> bool:
    outcome = history.outcomes.get(mql.person_id)
    return outcome is not None and outcome <= mql.reached_at


def _lead(mql: Mql, history: History, window: Window) -> timedelta | None:
    outcome = history.outcomes.get(mql.person_id)
    if outcome is None or outcome > mql.reached_at + window.horizon:
        return None
    return outcome - mql.reached_at


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
