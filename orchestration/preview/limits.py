"""Figures of a report that may be limited, and whether a limit is passed: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from orchestration.errors import SettingError
from orchestration.preview.outcome import Report

FIGURES: Final[Mapping[str, Callable[[Report], float]]] = MappingProxyType(
    {
        "people_merged": lambda told: told.identity.merged,
        "people_split": lambda told: told.identity.split,
        "scores_changed": lambda told: told.scores.changed,
        "above_threshold": lambda told: told.scores.above,
        "below_threshold": lambda told: told.scores.below,
        "mqls_gained": lambda told: len(told.mqls.gained),
        "mqls_lost": lambda told: len(told.mqls.lost),
        "owners_changed": lambda told: sum(each.people for each in told.owners),
        "attribution_moved": lambda told: len(told.attribution),
        "consents_gained": lambda told: sum(each.gained for each in told.consents),
        "consents_lost": lambda told: sum(each.lost for each in told.consents),
        "models_changed": lambda told: len(told.models),
        "rows_changed": lambda told: sum(each.rows for each in told.models),
        "rules_broken": lambda told: len(told.built.warned),
        "deliveries": lambda told: sum(each.sent for each in told.deliveries),
        "cancelled": lambda told: sum(each.cancelled for each in told.deliveries),
        "requests": lambda told: sum(each.requests or 0 for each in told.deliveries),
        "minutes": lambda told: round(sum(each.minutes or 0 for each in told.deliveries), 1),
    }
)
"""By the name under which `--fail-above` knows it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A figure that is above its limit."""

    name: str
    limit: float
    figure: float

    def __str__(self) -> str:
        return f"{self.name} is {self.figure:g}, at most {self.limit:g} allowed"


def figures(report: Report) -> dict[str, float]:
    return {name: figure(report) for name, figure in FIGURES.items()}


def parse(told: Sequence[str]) -> dict[str, float]:
    """`["mqls_lost=10,deliveries=1000"]` → name and limit; raises SettingError."""
    return dict(_limit(pair) for each in told for pair in each.split(",") if pair.strip())


def _limit(pair: str) -> tuple[str, float]:
    name, _, number = (part.strip() for part in pair.partition("="))
    try:
        limit = float(number)
    except ValueError:
        limit = -1
    if name not in FIGURES or not limit >= 0:
        raise SettingError(
            f"`{pair.strip()}` is no limit.",
            remedy=f"Write name=number; the names are {', '.join(FIGURES)}.",
        )
    return name, limit


def passed(report: Report, limits: Mapping[str, float]) -> list[Passed]:
    """What the report is above of, in the order of the limits."""
    told = figures(report)
    return [Passed(name, limit, told[name]) for name, limit in limits.items() if told[name] > limit]
