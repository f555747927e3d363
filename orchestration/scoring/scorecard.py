"""Learns a scorecard: logistic regression whose every feature is a score rule.

A feature is a condition that SQL can test (`country equals DE`, `employees at_least 50`) or a count
that a rule holds (the newest occurrences of an activity, decayed). So the coefficients, scaled, are
points of rules, and SQL scores people by the very models that score rules written by hand.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestration.errors import ScorecardError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

THRESHOLD: Final = 50  # the score from which on it pays to call
DOUBLES: Final = 20  # so many points more double the odds
MIN_OUTCOMES: Final = 50  # of each kind; below that, points would be noise
SUPPORT: Final = 0.01  # share of rows a condition has to hold in
MOST_VALUES: Final = 30  # more different values than that: only whether there is one, and words
CUTS: Final = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97)
HELD_OUT: Final = 0.3
RELIABILITY_BINS: Final = 10
SEED: Final = 20_240_607
PLAIN_WORD = re.compile(r"[\w &/.'-]+")


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """A feature: what a rule asks of a field. `happened` is a decayed count, the rest 0 or 1."""

    field: str
    operator: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Reliability:
    """One bar of the reliability curve: what was predicted, and what happened, for `people`."""

    predicted: float
    observed: float
    people: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`base` points for everybody and `points` by condition, and how well they rank people who were
    held out of the training.

    Probability of the outcome at a score s: 1 / (1 + exp(-(offset + s * slope))).
    """

    base: float
    points: Sequence[tuple[Condition, float]]
    offset: float
    slope: float
    auc: float
    trained_people: int
    tested_people: int
    reliability: Sequence[Reliability]


def learn(design: pd.DataFrame, outcome: pd.Series) -> Scorecard:
    """Fit on part of the rows, judge on the rest. `design` has one Condition a column; `outcome` is
    0 or 1. The same input gives the same card. Raises ScorecardError for too little history."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    _ensure_enough(outcome)
    x, y = design.to_numpy(dtype=float), outcome.to_numpy(dtype=int)
    train, test, known, hidden = train_test_split(
        x, y, test_size=HELD_OUT, random_state=SEED, stratify=y
    )
    model = LogisticRegression(C=1.0, max_iter=2_000).fit(train, known)
    predicted = model.predict_proba(test)[:, 1]
    slope = math.log(2) / DOUBLES
    offset = _best_cut(model.decision_function(train), known) - THRESHOLD * slope
    return Scorecard(
        base=round((float(model.intercept_[0]) - offset) / slope, 2),
        points=_points(design.columns, model.coef_[0] / slope),
        offset=round(offset, 6),
        slope=round(slope, 6),
        auc=round(float(roc_auc_score(hidden, predicted)), 4),
        trained_people=len(known),
        tested_people=len(hidden),
        reliability=reliability(predicted, hidden),
    )


def conditions(frame: pd.DataFrame, fields: Collection[str] | None = None) -> list[Condition]:
    """The conditions worth asking of each column: numbers from a value on, texts by value or word,
    and whether there is one at all."""
    import pandas as pd

    found: list[Condition] = []
    for name in fields or frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        found += _thresholds(str(name), frame[name]) if numeric else _values(str(name), frame[name])
    return found


def design_matrix(frame: pd.DataFrame, asked: Iterable[Condition]) -> pd.DataFrame:
    """Whether each condition holds in each row, as 0 and 1; columns are the conditions."""
    import pandas as pd

    columns = {condition: holds(frame[condition.field], condition) for condition in asked}
    return pd.DataFrame(columns, index=frame.index, dtype=float)


def holds(values: pd.Series, condition: Condition) -> pd.Series:
    """As the operators of int_score_fit judge."""
    told, value = values.notna(), condition.value or ""
    if condition.operator == "present":
        return told
    if condition.operator == "at_least":
        return told & (values >= float(value))
    text = values.astype("object").where(told, "").astype(str).str.lower()
    if condition.operator == "has_word":
        return told & text.str.contains(rf"\b(?:{re.escape(value)})\b", regex=True)
    return told & (text == value.lower())


def reliability(predicted: np.ndarray[Any, Any], happened: Any) -> list[Reliability]:
    """People in bins of equal size by prediction: the mean prediction beside the outcome rate."""
    import numpy as np

    order = np.argsort(predicted, kind="stable")
    return [
        Reliability(
            predicted=round(float(predicted[part].mean()), 4),
            observed=round(float(happened[part].mean()), 4),
            people=len(part),
        )
        for part in np.array_split(order, RELIABILITY_BINS)
        if len(part)
    ]


def _ensure_enough(outcome: pd.Series) -> None:
    with_outcome, rows = int(outcome.sum()), len(outcome)
    if min(with_outcome, rows - with_outcome) < MIN_OUTCOMES:
        raise ScorecardError(
            f"There is too little history: of {rows} people {with_outcome} had the outcome; "
            f"{MIN_OUTCOMES} with and {MIN_OUTCOMES} without are needed."
        )


def _best_cut(logits: np.ndarray[Any, Any], outcome: Any) -> float:
    """The logit from which on it pays to call: the best F1 among the people trained on."""
    import numpy as np
    from sklearn.metrics import precision_recall_curve

    precision, recall, cuts = precision_recall_curve(outcome, logits)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(cuts[int(np.argmax(f1[:-1]))])


def _points(asked: Iterable[Any], coefficients: Iterable[float]) -> list[tuple[Condition, float]]:
    """Points of two decimals; those of less than a tenth are noise and left out."""
    rounded = [
        (condition, round(float(points), 2))
        for condition, points in zip(asked, coefficients, strict=True)
    ]
    return sorted((pair for pair in rounded if abs(pair[1]) >= 0.1), key=lambda pair: pair[0])


def _thresholds(name: str, values: pd.Series) -> list[Condition]:
    cuts = sorted({int(cut) for cut in values.quantile(list(CUTS)).dropna()} - {int(values.min())})
    present = [Condition(name, "present")] if values.isna().mean() >= SUPPORT else []
    return present + [Condition(name, "at_least", str(cut)) for cut in cuts if cut > 0]


def _values(name: str, values: pd.Series) -> list[Condition]:
    told = values.dropna().astype(str).str.lower()
    least = max(1, int(SUPPORT * len(values)))
    present = [Condition(name, "present")] if 0 < len(told) < len(values) else []
    if told.nunique() <= MOST_VALUES:
        common = told.value_counts()
        usual = sorted(str(value) for value, count in common.items() if count >= least)
        return present + [Condition(name, "equals", value) for value in usual]
    words = Counter(word for text in told for word in set(re.findall(r"\w{2,}", text)))
    common_words = [(count, word) for word, count in words.items() if count >= least]
    chosen = sorted(word for _count, word in sorted(common_words, reverse=True)[:MOST_VALUES])
    return present + [Condition(name, "has_word", word) for word in chosen]
