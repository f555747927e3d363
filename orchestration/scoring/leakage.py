"""Finds fields that know the outcome: told after it, or filled in because of it.

A model that uses such a field looks wonderful and is worthless, since the field is empty on the day
the score is needed. Four signs, each with its reason in the verdict:

- *declared*: a person listed the field;
- *told after*: most of its values were told only after the outcome (needs times);
- *decides alone*: by itself it separates the outcomes almost perfectly;
- *filled in selectively*: it is missing for many, whether it is told says something about the
  outcome, and what it says separates the outcomes: somebody wrote the result down in it;
- *overwritten*: it mostly repeats another field, and where it no longer does says more about the
  outcome than chance.

Missing values have to be None or NaN; a placeholder such as "Select" counts as missing if named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

PLACEHOLDERS: Final = frozenset({"", "select", "none", "null", "n/a"})
FOLDS: Final = 3
BINS: Final = 10
PRIOR: Final = 10  # people of average outcome that every value starts with: rare ones prove nothing


@dataclass(frozen=True, slots=True)
class Limits:
    """Where suspicion becomes a verdict."""

    decides_alone: float = 0.9  # AUC of the field by itself
    missing: float = 0.2  # share of rows without the field
    telling: float = 0.08  # |AUC - 0.5| of whether the field is told
    separates: float = 0.7  # AUC of its values where it is told
    repeats: float = 0.5  # share of rows in which it equals another field
    one_value: float = 0.8  # share of one value among those that no longer repeat it
    overwritten: float = 0.1  # difference in outcome rate between repeated and overwritten
    told_after: float = 0.5  # share of values first told after the outcome


@dataclass(frozen=True, slots=True)
class Leak:
    """A field that must not be used, and why."""

    field: str
    reason: str


def without_placeholders(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with placeholders as missing values; numbers stay."""
    texts = frame.select_dtypes(exclude="number").columns
    cleaned = frame.copy()
    for name in texts:
        text = frame[name].astype("object")
        cleaned[name] = text.where(~text.astype(str).str.strip().str.lower().isin(PLACEHOLDERS))
    return cleaned


def find_leaks(
    frame: pd.DataFrame,
    outcome: pd.Series,
    *,
    declared: Collection[str] = (),
    told_after: Mapping[str, float] | None = None,
    limits: Limits | None = None,
) -> list[Leak]:
    """The leaking columns of `frame`, in their order.

    `outcome`: 0 or 1 a row; `told_after`: field → share of its values first told after the outcome.
    """
    limits, after, texts = limits or Limits(), told_after or {}, _texts(frame)
    found = {}
    for name in frame.columns:
        reason = (
            _declared(name, declared)
            or _told_after(after.get(name, 0.0), limits)
            or _statistical(frame[name], texts, outcome, limits)
        )
        if reason:
            found[name] = reason
    return [Leak(str(name), reason) for name, reason in found.items()]


def _declared(name: str, declared: Collection[str]) -> str | None:
    return "declared: listed as known only after the outcome" if name in declared else None


def _told_after(share: float, limits: Limits) -> str | None:
    return (
        f"told after: {share:.0%} of its values came after the outcome"
        if share > limits.told_after
        else None
    )


def _statistical(
    values: pd.Series, texts: Mapping[str, pd.Series], outcome: pd.Series, limits: Limits
) -> str | None:
    told = values.notna()
    if values[told].nunique() < 2 or outcome.nunique() < 2:
        return None
    alone = separation(values, outcome)
    if alone >= limits.decides_alone:
        return f"decides alone: AUC {alone:.2f} by itself"
    return _selective(values, told, outcome, limits) or _overwritten(
        texts, str(values.name), outcome, limits
    )


def _selective(
    values: pd.Series, told: pd.Series, outcome: pd.Series, limits: Limits
) -> str | None:
    if 1 - told.mean() < limits.missing or outcome[told].nunique() < 2:
        return None
    telling = abs(separation(told.astype(int), outcome) - 0.5)
    separates = separation(values[told], outcome[told])
    if telling < limits.telling or separates < limits.separates:
        return None
    return (
        f"filled in selectively: missing in {1 - told.mean():.0%} of rows, and where told its "
        f"values separate the outcomes (AUC {separates:.2f})"
    )


def _overwritten(
    texts: Mapping[str, pd.Series], name: str, outcome: pd.Series, limits: Limits
) -> str | None:
    for other, repeated in texts.items():
        if name not in texts or other == name:
            continue
        same = texts[name] == repeated
        if not limits.repeats <= same.mean() < 1:
            continue
        changed = ~same & texts[name].notna() & repeated.notna()
        values = texts[name][changed].value_counts(normalize=True)
        if values.empty or values.iloc[0] < limits.one_value:
            continue
        moved = abs(outcome[same].mean() - outcome[changed].mean())
        if moved >= limits.overwritten:
            return (
                f"overwritten: repeats {other} in {same.mean():.0%} of rows, and the outcome "
                f"differs by {moved:.0%} where it does not"
            )
    return None


def _texts(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns that could repeat each other: texts of at least three values."""
    names = frame.select_dtypes(exclude="number").columns
    return {str(name): frame[name] for name in names if frame[name].nunique() >= 3}


def separation(values: pd.Series, outcome: pd.Series) -> float:
    """AUC of one field by itself, out of fold: the outcome rate of its value (or decile of a
    number) in the other folds is the prediction."""
    import numpy as np
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    groups, known = _groups(values).to_numpy(), outcome.to_numpy()
    folds = min(FOLDS, int(np.bincount(known.astype(int)).min()))
    if folds < 2:
        return 0.5
    predicted = np.zeros(len(known))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    for others, mine in splitter.split(groups, known):
        predicted[mine] = _rates(groups[others], known[others], groups[mine])
    return float(roc_auc_score(known, predicted))


def _groups(values: pd.Series) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 2 * BINS:
        values = pd.qcut(values, BINS, duplicates="drop")
    return values.astype("object").where(values.notna(), "(missing)").astype(str)


def _rates(groups: Any, known: Any, wanted: Any) -> Any:
    """The smoothed outcome rate of each wanted group, by the groups and outcomes that are known."""
    import pandas as pd

    table = pd.DataFrame({"group": groups, "known": known})
    mean = table["known"].mean()
    sums = table.groupby("group")["known"].agg(["sum", "size"])
    rates = (sums["sum"] + PRIOR * mean) / (sums["size"] + PRIOR)
    return pd.Series(wanted).map(rates).fillna(mean).to_numpy()
