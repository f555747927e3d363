"""The rows that the fast lane makes, beside those that the batch lane published.

Everything is the lane's own: its engines, and its idea of who belongs together. What is compared
is every table of events and people that an activation is made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from orchestration.destinations import Effect
from orchestration.errors import LaneModelError
from orchestration.fast_lane import queries
from orchestration.fast_lane.engine import Workshop
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.plan import Model, Plan, Scope
from orchestration.fast_lane.slice import Catalog
from orchestration.incremental import merge
from orchestration.lane_parity import rows
from orchestration.lane_parity.cells import differences, only_in
from orchestration.lane_parity.outcome import Compared, Difference
from orchestration.lane_parity.rows import Events, Published
from orchestration.lane_parity.sample import Component, Limits, choose

# Differences that are named: one wrong model may make thousands, and feeds others.
_TOLD: Final = 100
_TOLD_OF_MODEL: Final = 10


def compare(
    plan: Plan, effects: Sequence[Effect], published: Path, events: Events, limits: Limits
) -> Compared:
    """The published copy, and what the fast lane makes of the `events` of people in it."""
    models = {model.name: model for model in _models(plan, effects)}
    with _workshop(plan, effects, published) as workshop, _in_use(workshop) as held:
        sample = choose(held.connection, limits)
        made = _made(workshop, sample.components, events, models)
        positions = list(chain.from_iterable(sample.components))
        there = Published(held, None if sample.is_whole else positions, _kinds(plan))
        each = [_differing(there, model, made.get(name, ())) for name, model in models.items()]
        told = chain.from_iterable(differing.told for differing in each)
        return Compared(
            people=there.people(),
            slices=len(sample.components),
            events=len(positions),
            models=len(models),
            rows=sum(differing.rows for differing in each),
            is_whole=sample.is_whole,
            left_out=sample.left_out,
            found=sum(differing.found for differing in each),
            differences=tuple(islice(told, _TOLD)),
        )


def _models(plan: Plan, effects: Sequence[Effect]) -> list[Model]:
    """The tables that the activations of people are made from, and these themselves. Views say
    nothing of their own, and what is carried over is the batch's."""
    needed = plan.upstream(queries.targets(effects))
    return [
        model
        for model in plan.of(Scope.EVENT, Scope.PERSON)
        if model.name in needed and model.is_merged
    ]


def _kinds(plan: Plan) -> set[str]:
    """Kinds of entities by which models mark their rows; an event's position is no id."""
    return {kind for _, kind in merge.KEYS} | {
        kind for model in plan.models for kind in model.keys.values()
    }


def _made(
    workshop: Workshop,
    components: Sequence[Component],
    events: Events,
    models: Mapping[str, Model],
) -> dict[str, list[pa.Table]]:
    with closing(Engines(workshop, wide=frozenset(workshop.kinds()), usual=frozenset())) as engines:
        return rows.slices(engines, components, events, models)


@dataclass(frozen=True, slots=True)
class _Differing:
    """Of one model: rows published, how much differs, and what."""

    rows: int
    found: int
    told: tuple[Difference, ...]


def _differing(there: Published, model: Model, made: Sequence[pa.Table]) -> _Differing:
    published, columns = there.lay(model, made), there.columns(model)
    missing = only_in(there.connection, rows.HELD, rows.MADE, columns)
    besides = only_in(there.connection, rows.MADE, rows.HELD, columns)
    found = list(differences(model.unique, missing, besides))
    told = tuple(
        Difference(
            model.name, each.what, each.column, there.person(model, each.row),
            each.published, each.made,
        )
        for each in found[:_TOLD_OF_MODEL]
    )  # fmt: skip
    return _Differing(published, len(found), told)


@contextmanager
def _in_use(workshop: Workshop) -> Iterator[Catalog]:
    """The published copy, under the warehouse's names."""
    held = workshop.held
    with closing(held.connection):
        held.use()
        yield held


@contextmanager
def _workshop(plan: Plan, effects: Sequence[Effect], published: Path) -> Iterator[Workshop]:
    """One for this check. DuckDB's messages may hold values and are not repeated."""
    try:
        with closing(
            Workshop(
                plan,
                published,
                targets=queries.targets(effects),
                links=queries.LINKING,
                queries=queries.of(effects),
            )
        ) as workshop:
            yield workshop
    except duckdb.Error as error:
        raise LaneModelError(
            "What the fast lane makes cannot be compared with what is published"
            f" ({type(error).__name__})."
        ) from error
