"""What an installation should hold to, and whether it does: the part `objectives` of its status.

Without data there is no verdict: what nobody knows is never called good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from orchestration import warehouse
from orchestration.errors import WarehouseMissingError, WarehouseOutdatedError
from orchestration.settings import Settings
from orchestration.velocity import LeadVelocity

Direction = Literal["at_most", "at_least"]
_QUERY: Final = Path(__file__).with_suffix(".sql")
_DELIVERIES: Final = timedelta(days=30)
_MONTHS: Final = timedelta(days=90)
_RECEIVED: Final = "received_to_recorded"


@dataclass(frozen=True, slots=True)
class Objective:
    """A target. `window`: over which time its value is taken; `source`: where the value is from;
    `target`: unless the settings have another one."""

    unit: str
    direction: Direction
    target: float
    window: str
    source: str


@dataclass(frozen=True, slots=True)
class Held:
    """An objective and what is. `about`: which one of several; `value` and `ok` are None where
    there is no data."""

    name: str
    about: str
    value: float | None
    unit: str
    objective: float
    direction: Direction
    ok: bool | None
    window: str
    since: datetime | date | None
    source: str


OBJECTIVES: Final[Mapping[str, Objective]] = {
    "ingestion_latency": Objective("s, p95", "at_most", 60, "1 hour", "log and ledger"),
    "lead_velocity": Objective("s, p95 of hot leads", "at_most", 60, "1 hour", "log and ledger"),
    "delivery_success": Objective("%", "at_least", 99, "30 days", "rpt_delivery_success"),
    "duplicate_rate": Objective("%", "at_most", 5, "now", "entity_map"),
    "merge_correction_rate": Objective("%", "at_most", 1, "3 months", "rpt_identity_quality"),
    "score_drift": Objective("PSI", "at_most", 0.25, "last period", "rpt_score_drift"),
    "mql_to_sql": Objective("%", "at_least", 15, "3 months", "fct_lead_milestones"),
    "no_show_rate": Objective("%", "at_most", 20, "3 months", "fct_activities"),
}


def measure(settings: Settings, velocity: LeadVelocity, *, now: datetime) -> list[Held]:
    """Every objective, of this moment and of the published copy; raises WarehouseError where that
    is damaged."""
    found = [*_live(velocity), *_published(settings, now)]
    known = {name for name, _, _ in found}
    found += [(name, "", None) for name in OBJECTIVES if name not in known]
    order = list(OBJECTIVES)
    return [
        judge(name, about, value, targets=targets(settings), now=now)
        for name, about, value in sorted(found, key=lambda row: (order.index(row[0]), row[1]))
    ]


def targets(settings: Settings) -> dict[str, float]:
    """The target of each objective: what the settings say, else what stands here."""
    defaults = {name: each.target for name, each in OBJECTIVES.items()}
    velocity = {"lead_velocity": settings.lead_velocity_objective_seconds}
    return {**defaults, **velocity, **settings.objectives}


def judge(
    name: str, about: str, value: float | None, *, targets: Mapping[str, float], now: datetime
) -> Held:
    """Whether a value is as good as its target wants it. Pure."""
    objective, target = OBJECTIVES[name], targets[name]
    good = None if value is None else value <= target
    if good is not None and objective.direction == "at_least":
        good = value is not None and value >= target
    return Held(
        name,
        about,
        None if value is None else round(value, 3),
        objective.unit,
        target,
        objective.direction,
        good,
        objective.window,
        _since(objective, now),
        objective.source,
    )


_Found = tuple[str, str, float | None]


def _live(velocity: LeadVelocity) -> Iterator[_Found]:
    """Of the slowest track each; hot leads that wait count as long as they have waited."""
    recorded = [speed.steps_p95_seconds.get(_RECEIVED) for speed in velocity.tracks]
    yield "ingestion_latency", "", _largest(recorded)
    hot = [speed for speed in velocity.tracks if speed.hot]
    took = [speed.p95_seconds for speed in hot]
    waits = [speed.longest_wait_seconds for speed in hot if speed.waiting]
    yield "lead_velocity", "", _largest([*took, *waits])


def _published(settings: Settings, now: datetime) -> list[_Found]:
    ripe = now - timedelta(days=settings.mql_to_sql_days)
    limits = ((now - _DELIVERIES).date(), (now - _MONTHS).date().replace(day=1), ripe)
    try:
        with warehouse.connect(settings.published) as connection:
            rows = warehouse.rows(connection, _QUERY.read_text(encoding="utf-8"), limits)
    except (WarehouseMissingError, WarehouseOutdatedError):
        return []
    return [(row["name"], row["about"], _number(row["value"])) for row in rows]


def _since(objective: Objective, now: datetime) -> datetime | date | None:
    return {
        "1 hour": now - timedelta(hours=1),
        "30 days": (now - _DELIVERIES).date(),
        "3 months": (now - _MONTHS).date().replace(day=1),
    }.get(objective.window)


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
