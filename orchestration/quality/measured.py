"""The measures as data: on which table, by which policy, blocking or not; and their figures read
from the warehouse. Each source or series is a row that Great Expectations judges as any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import duckdb

from ingestion.gateway.rhythm import WEEK
from orchestration import first_events
from orchestration.first_events import Awaited
from orchestration.quality import measures, runner
from orchestration.quality.expectations import Border, Contract, one_of
from orchestration.quality.measures import Drift, Freshness, Verdict, Volume
from orchestration.quality.report import Report


@dataclass(frozen=True, slots=True)
class Asked:
    """What a measure may know besides the warehouse; `awaited`: sources that never sent."""

    now: datetime
    awaited: Sequence[Awaited] = ()


Measured = Callable[[duckdb.DuckDBPyConnection, Asked], Sequence[Verdict]]

KEPT, BROKEN, NOT_JUDGED = "kept", "broken", "not judged"

_VOLUME: Final = Volume()
_FRESHNESS: Final = Freshness()
_DRIFT: Final = Drift()

# What senders sent by themselves; what was loaded of the past has no rhythm.
_ARRIVED: Final = "kind in ('webhook', 'pull') and not historical"


@dataclass(frozen=True, slots=True)
class Measure:
    """One check of a whole table; `says`: the rule in a sentence."""

    name: str
    border: Border
    schema: str
    table: str
    says: str
    of: Measured
    blocking: bool = False

    @property
    def contract(self) -> Contract:
        """Each verdict is a row."""
        rule = one_of("verdict", KEPT, NOT_JUDGED, blocking=self.blocking)
        return Contract(
            self.border,
            self.schema,
            self.table,
            ("key",),
            ("verdict",),
            (replace(rule, name=self.name, columns=()),),
        )


def check(connection: duckdb.DuckDBPyConnection, measure: Measure, asked: Asked) -> Report:
    """What was not judged, and every figure, stands in the notes; `rows` counts what was."""
    import pandas as pd

    verdicts = measure.of(connection, asked)
    rows = [(each.key, _word(each)) for each in verdicts]
    report = runner.check(measure.contract, pd.DataFrame(rows, columns=["key", "verdict"]))
    notes = tuple(f"{each.key}: {_word(each)}; {each.said}" for each in verdicts)
    judged = sum(each.kept is not None for each in verdicts)
    return replace(report, rows=judged, notes=notes or ("nothing to judge yet",))


def _word(verdict: Verdict) -> str:
    return {True: KEPT, False: BROKEN, None: NOT_JUDGED}[verdict.kept]


def _volume(connection: duckdb.DuckDBPyConnection, asked: Asked) -> list[Verdict]:
    day = asked.now.date() - timedelta(days=1)
    found = connection.execute(
        f"""
        select source, cast(received_at at time zone 'UTC' as date), count(*) from raw.events
        where {_ARRIVED} and received_at < ? group by all order by all
        """,
        [asked.now],
    ).fetchall()
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for source, on, rows in found:
        counts[source][on] = rows
    return [measures.volume(source, days, day, _VOLUME) for source, days in counts.items()]


def _freshness(connection: duckdb.DuckDBPyConnection, asked: Asked) -> list[Verdict]:
    found = connection.execute(
        f"""
        select source, list(received_at order by received_at desc), any_value(last_then)
        from (
            select
                source,
                received_at,
                max(received_at) filter (where received_at <= ?) over (partition by source)
                    as last_then
            from raw.events where {_ARRIVED}
            qualify row_number() over (partition by source order by received_at desc) <= ?
        )
        group by source order by source
        """,
        [asked.now - WEEK, _FRESHNESS.events],
    ).fetchall()
    told = [
        measures.freshness(source, times, asked.now, _FRESHNESS, then=then)
        for source, times, then in found
    ]
    return told + [
        Verdict(each.name, False if each.is_overdue(asked.now) else None, each.told)
        for each in asked.awaited
    ]


def _scores(connection: duckdb.DuckDBPyConnection, _asked: Asked) -> list[Verdict]:
    """The last finished period of each version beside the first with enough people; the newest
    of all is still under way."""
    found = connection.execute(
        """
        select drift.version, drift.people, first.people, drift.psi
        from marts.rpt_score_drift as drift
        inner join marts.rpt_score_drift as first
            on drift.version = first.version and drift.reference_start = first.period_start
        where drift.period_start < (select max(period_start) from marts.rpt_score_drift)
        qualify row_number() over (
            partition by drift.version order by drift.period_start desc
        ) = 1
        order by all
        """
    ).fetchall()
    return [
        Verdict(version, None, f"{min(people, then):,} people, {_DRIFT.people:,} are needed")
        if min(people, then) < _DRIFT.people
        else measures.stable(version, float(index), _DRIFT)
        for version, people, then, index in found
    ]


def _sources(connection: duckdb.DuckDBPyConnection, asked: Asked) -> list[Verdict]:
    since = asked.now - timedelta(days=_DRIFT.days)
    found = connection.execute(
        """
        select coalesce(original_source, '(none)'),
            count(*) filter (where first_seen_at < ?),
            count(*) filter (where first_seen_at >= ?)
        from marts.dim_people where first_seen_at >= ? and first_seen_at < ?
        group by all
        """,
        [since, since, since - timedelta(days=_DRIFT.reference_days), asked.now],
    ).fetchall()
    then = {kind: rows for kind, rows, _ in found}
    current = {kind: rows for kind, _, rows in found}
    return [measures.mix("original_source of new people", then, current, _DRIFT)]


MEASURES: Final = (
    Measure(
        "volume",
        "raw",
        "raw",
        "events",
        f"Yesterday's rows of each source are {_VOLUME.least:g} to {_VOLUME.most:g} times the "
        f"median of the same weekday in {_VOLUME.weeks} weeks.",
        _volume,
    ),
    Measure(
        "freshness",
        "raw",
        "raw",
        "events",
        "No source has been silent for three times as long as is usual, also at this hour a "
        "week ago, and each that is "
        f"configured has sent something within {first_events.WITHIN.days} days.",
        _freshness,
    ),
    Measure(
        "score_drift",
        "canonical",
        "marts",
        "rpt_score_drift",
        "Scores of the last finished period are distributed as in the reference: "
        f"PSI below {_DRIFT.psi:g}.",
        _scores,
    ),
    Measure(
        "source_mix",
        "canonical",
        "marts",
        "dim_people",
        f"People of the last {_DRIFT.days} days come from where those of the "
        f"{_DRIFT.reference_days} before came from: PSI below {_DRIFT.psi:g}.",
        _sources,
    ),
)
