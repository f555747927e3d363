"""What the scorecard asset shows: rates and points only, nobody's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

BAR = 30  # characters of a bar that stands for every person


def metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    """`told` is the answer of train_version."""
    curve = [
        (f"{bar['predicted']:.3f}", f"{bar['observed']:.3f}", bar["people"], _bar(bar["observed"]))
        for bar in told["reliability"]
    ]
    points = [
        (rule["field"], rule["operator"], rule["value"], rule["points"]) for rule in told["rules"]
    ]
    dropped = [(leak["field"], leak["reason"]) for leak in told["dropped"]]
    return {
        "version": told["version"],
        "auc": told["auc"],
        "trained_people": told["trained_people"],
        "tested_people": told["tested_people"],
        "rules": len(points),
        "reliability_curve": _table(("predicted", "observed", "people", ""), curve),
        "points": _table(("field", "operator", "value", "points"), points),
        "dropped_fields": _table(("field", "why"), dropped),
        "probability_of_score": f"1 / (1 + exp(-({told['offset']} + score * {told['slope']})))",
    }


def _bar(rate: float) -> str:
    return "█" * round(rate * BAR)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Any:
    lines = [head, ["---"] * len(head), *rows]
    text = "\n".join(
        f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines
    )
    return dg.MetadataValue.md(text)
