"""Trains a scorecard version from the published copy and puts its points where the models read.

Each person is looked at as of some days after the first event: attributes and activities until
then are the features, an outcome within the horizon after it is what is learnt. People whose
horizon has not passed, or who had the outcome before, are left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from orchestration import warehouse
from orchestration.errors import ScorecardError, ScoreVersionUnknownError
from orchestration.scoring import rules, scorecard_files
from orchestration.scoring.leakage import Leak, find_leaks
from orchestration.scoring.outcomes import OUTCOMES
from orchestration.scoring.scorecard import (
    PLAIN_WORD,
    Condition,
    Scorecard,
    conditions,
    design_matrix,
    learn,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

HALF_LIFE_DAYS: Final = 30
MOST_OCCURRENCES: Final = 5  # of one activity that count at one time
NUMBERS: Final = frozenset({"employees", "budget"})
BASE_FIELD: Final = "company_domain"
DECLARED: Final[frozenset[str]] = frozenset()  # fields known only after the outcome, by name

SNAPSHOTS = """
    create temp table snapshots as
    with outcomes(person_id, happened_at) as ({outcomes})
    select person_id, first_seen_at + $observed as taken_at,
        coalesce(happened_at <= first_seen_at + $observed + $horizon, false)::int as outcome
    from marts.dim_people
    left join outcomes using (person_id)
    where first_seen_at + $observed + $horizon
            <= (select max(occurred_at) from intermediate.int_applied_events)
        and (happened_at is null or happened_at > first_seen_at + $observed)
"""
PEOPLE = "select person_id, outcome from snapshots order by person_id"
ATTRIBUTES = """
    select person_id, field, field_value
    from intermediate.int_person_attributes
    inner join snapshots using (person_id)
    where field_value is not null and occurred_at <= taken_at
        and (next_occurred_at is null or next_occurred_at > taken_at)
"""
ACTIVITIES = """
    with occurrences as (
        select
            snapshots.person_id,
            activity_type,
            (epoch(taken_at) - epoch(occurred_at)) / 86400 as age,
            row_number() over (
                partition by snapshots.person_id, activity_type order by occurred_at desc
            ) as nth
        from marts.fct_activities
        inner join snapshots using (person_id)
        where occurred_at <= taken_at
    )
    select person_id, activity_type, sum(power(2, -age / $half_life)) as held
    from occurrences where nth <= $most
    group by person_id, activity_type
"""
TOLD_AFTER = """
    with outcomes(person_id, happened_at) as ({outcomes}),
    told as (
        select person_id, field, min(occurred_at) as told_at
        from intermediate.int_person_attributes where field_value is not null group by all
    )
    select field, avg((told_at > happened_at)::int) from told
    inner join outcomes using (person_id) group by field
"""


@dataclass(frozen=True, slots=True)
class Examples:
    """One row a person in all three: attributes, held activities, outcome (0 or 1)."""

    attributes: pd.DataFrame
    activities: pd.DataFrame
    outcome: pd.Series
    told_after: dict[str, float]


def train_version(
    settings: Settings,
    version: str,
    *,
    horizon: timedelta,
    now: datetime,
    observed: timedelta = timedelta(days=14),
    outcome: str = "opportunity",
) -> dict[str, Any]:
    """Learn, write the points under `scorecards/`, and tell how it went.

    Raises ScoreVersionUnknownError, ScorecardError, WarehouseMissingError.
    """
    _ensure_trainable(version)
    with warehouse.connect(settings.published) as copy:
        examples = read_examples(copy, horizon=horizon, observed=observed, outcome=outcome)
    leaks, card = fit(examples)
    learnt = as_rules(card, version)
    about = {
        "version": version,
        "trained_at": now,
        "outcome": outcome,
        "horizon_days": horizon.days,
        "observed_days": observed.days,
        "dropped": [asdict(leak) for leak in leaks],
        **{name: value for name, value in asdict(card).items() if name != "points"},
    }
    path = scorecard_files.write(settings.scorecards, version, learnt, about)
    return {**about, "rules": learnt, "path": str(path)}


def fit(examples: Examples) -> tuple[list[Leak], Scorecard]:
    """Drop what knows the outcome, then learn from the rest."""
    import pandas as pd

    whole = pd.concat([examples.attributes, examples.activities], axis=1)
    leaks = find_leaks(whole, examples.outcome, declared=DECLARED, told_after=examples.told_after)
    dropped = {leak.field for leak in leaks}
    attributes = examples.attributes.drop(columns=[*dropped & {*examples.attributes.columns}])
    activities = examples.activities.drop(columns=[*dropped & {*examples.activities.columns}])
    held = activities.set_axis([Condition(str(name), "happened") for name in activities], axis=1)
    asked = [condition for condition in conditions(attributes) if _general(condition)]
    design = pd.concat([design_matrix(attributes, asked), held], axis=1)
    return leaks, learn(design, examples.outcome)


def _general(condition: Condition) -> bool:
    """Which company somebody works for says nothing about the next company."""
    return condition.field != "company_domain" or condition.operator == "present"


def as_rules(card: Scorecard, version: str) -> list[rules.Row]:
    """The points in the shape of the seed score_rules; the base goes to everybody, since a field is
    either there or not."""
    base = [(Condition(BASE_FIELD, operator), card.base) for operator in ("absent", "present")]
    return [
        _rule(number, version, condition, points)
        for number, (condition, points) in enumerate([*base, *_sayable(card.points)], start=1)
    ]


def read_examples(
    copy: duckdb.DuckDBPyConnection, *, horizon: timedelta, observed: timedelta, outcome: str
) -> Examples:
    """What was known of each person then, and what became of them, from an open warehouse copy."""
    outcomes = OUTCOMES[outcome]
    copy.execute(SNAPSHOTS.format(outcomes=outcomes), {"observed": observed, "horizon": horizon})
    people = copy.execute(PEOPLE).df().set_index("person_id")
    attributes = _wide(copy.execute(ATTRIBUTES).df(), "field", "field_value", people.index)
    held = copy.execute(ACTIVITIES, {"half_life": HALF_LIFE_DAYS, "most": MOST_OCCURRENCES}).df()
    for name in NUMBERS & {*attributes.columns}:
        attributes[name] = _first_number(attributes[name])
    return Examples(
        attributes=attributes,
        activities=_wide(held, "activity_type", "held", people.index).fillna(0.0).astype(float),
        outcome=people["outcome"],
        told_after=dict(copy.execute(TOLD_AFTER.format(outcomes=outcomes)).fetchall()),
    )


def _ensure_trainable(version: str) -> None:
    row = rules.ensure_sound().version(version)
    if row is None:
        raise ScoreVersionUnknownError(f"score_versions has no version {version}.")
    if row["kind"] != "scorecard" or row["status"] != "shadow":
        raise ScorecardError(
            f"{version} is a {row['status']} version of kind {row['kind']}; points are learnt for "
            "shadow versions of kind scorecard.",
            remedy="Add such a version to score_versions, train it, compare, then promote it.",
        )


def _sayable(points: Any) -> list[tuple[Condition, float]]:
    """Less the conditions whose value a rule could not hold, and points no rule may give."""
    return [
        (condition, most)
        for condition, given in points
        if condition.value is None or PLAIN_WORD.fullmatch(condition.value)
        for most in [max(-float(rules.MAX_POINTS), min(float(rules.MAX_POINTS), given))]
    ]


def _rule(number: int, version: str, condition: Condition, points: float) -> rules.Row:
    counted = condition.operator == "happened"
    return {
        "rule_id": f"learnt_{number:03d}",
        "version": version,
        "kind": "engagement" if counted else "fit",
        "field": condition.field,
        "operator": condition.operator,
        "value": condition.value or "",
        "points": str(points),
        "half_life_days": str(HALF_LIFE_DAYS) if counted else "",
        "cap": str(round(points * MOST_OCCURRENCES, 2)) if counted else "",
    }


def _wide(long: pd.DataFrame, name: str, value: str, people: pd.Index[Any]) -> pd.DataFrame:
    wide = long.pivot_table(index="person_id", columns=name, values=value, aggfunc="first")
    return wide.reindex(people).sort_index(axis=1)


def _first_number(values: pd.Series) -> pd.Series:
    """As the macro first_number reads it."""
    import pandas as pd

    digits = values.astype("object").astype(str).str.replace(",", "").str.extract(r"([0-9]+)")[0]
    return pd.to_numeric(digits).where(values.notna())
