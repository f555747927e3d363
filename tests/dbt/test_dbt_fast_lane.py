"""Law 3 for the fast lane: person by person, in memory, it makes the rows of a full build."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest
from dbt_builders import RawEvent
from dbt_histories import history
from dbt_lab import Lab, compiled_plan, laboratory
from dbt_story import every_event
from dbt_warehouse import Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.sources.parts import SCHEMA
from orchestration.destinations import NAMES, Effect, effects
from orchestration.fast_lane import queries
from orchestration.fast_lane.engine import Workshop
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.nodes import ABOUT, LINKS
from orchestration.fast_lane.plan import Model, Plan, Scope
from orchestration.fast_lane.shape import split
from orchestration.fast_lane.slice import quoted

Ready = tuple[Plan, dict[str, object]]
Found = tuple[str, str]
"""A model, and one of its rows."""


@pytest.fixture(scope="module")
def ready(warehouse: Warehouse) -> Ready:
    return compiled_plan(warehouse), dict(warehouse.seeds())


def of_people(plan: Plan) -> list[Effect]:
    return [each for each in effects(NAMES) if plan[each.table].scope is Scope.PERSON]


def workshop(lab: Lab, file: Path) -> Workshop:
    """Over a copy of the laboratory, as the batch lane publishes one."""
    lab.connection.execute(f"attach '{file}' as copy")
    lab.connection.execute("copy from database memory to copy")
    lab.connection.execute("detach copy")
    told = of_people(lab.plan)
    return Workshop(
        lab.plan,
        file,
        targets=queries.targets(told),
        links=queries.LINKING,
        queries=queries.of(told),
    )


def components(lab: Lab) -> Iterator[list[int]]:
    """Positions of the events that hang together, by what the identity index would know."""
    graph = nx.Graph()
    for node, position in lab.connection.execute(ABOUT).fetchall():
        graph.add_edge(("node", node), ("event", position))
    for node, linked in lab.connection.execute(LINKS).fetchall():
        graph.add_edge(("node", node), ("node", linked))
    for found in nx.connected_components(graph):
        if positions := sorted(number for kind, number in found if kind == "event"):
            yield positions


def check(ready: Ready, events: list[RawEvent], file: Path) -> int:
    """How many slices together made the rows of the full build."""
    with laboratory(*ready) as lab:
        lab.add(events)
        lab.build()
        made = workshop(lab, file)
        engines = Engines(made, wide=made.kinds(), usual=frozenset())
        slices = [sliced(lab, engines, positions) for positions in components(lab)]
        engines.close()
        made.close()
        assert [] == differing(lab, sum(slices, Counter()))
    return len(slices)


def sliced(lab: Lab, engines: Engines, positions: list[int]) -> Counter[Found]:
    """What the models make of these events alone."""
    columns, listed = ", ".join(SCHEMA.names), ", ".join(map(str, positions))
    rows = lab.connection.execute(
        f"select {columns} from raw.events where position in ({listed})"
    ).to_arrow_table()
    kinds = split(rows.cast(SCHEMA))
    engine = engines.get(frozenset(kinds))
    with engine.slice(kinds):
        engine.run(engine.links)
        engine.run(engine.rest)
        there = Lab(engine.connection, lab.plan)
        return Counter(
            (step.model.name, row)
            for step in (*engine.links, *engine.rest)
            for row in there.rows(engine.catalog.relation(step.model))
        )


def differing(lab: Lab, found: Counter[Found]) -> list[str]:
    """Models of which a slice made other rows than the build of everybody."""
    needed = lab.plan.upstream(queries.targets(of_people(lab.plan)))
    models = [
        model
        for model in lab.plan.of(Scope.EVENT, Scope.PERSON)
        if model.name in needed and not model.is_view and not model.carried_from
    ]
    return [model.name for model in models if _rows(lab, model) != _of(found, model.name)]


def _rows(lab: Lab, model: Model) -> Counter[str]:
    return Counter(lab.rows(quoted(model.schema, model.table)))


def _of(found: Counter[Found], name: str) -> Counter[str]:
    return Counter({row: count for (model, row), count in found.items() if model == name})


def test_the_story_person_by_person(ready: Ready, tmp_path: Path) -> None:
    """Each person of the story by itself has the rows that the build of all gives it."""
    events = [event for event in every_event() if len(event.body or "") < 100_000]
    random.Random(6).shuffle(events)  # noqa: S311  # reproducible, no secret
    assert check(ready, events, tmp_path / "copy.duckdb") > 10


@pytest.mark.slow
@settings(max_examples=8)
@given(st.integers(0, 10_000_000), st.integers(40, 200))
def test_random_histories_person_by_person(
    ready: Ready, tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    """The same for late events, merges, unlinks, replays, variants, decisions and answers."""
    assert check(ready, history(seed, size), tmp_path_factory.mktemp("copy") / "copy.duckdb") > 3
