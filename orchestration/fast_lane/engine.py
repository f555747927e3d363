"""The compiled models over one slice, in memory: prepared once for a shape, run for many slices.

A slice is built inside a transaction that is rolled back: the tables are empty again without a
delete, and nothing is left of the people but what was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from dbt_project.functions.register import register
from orchestration.errors import LaneMemoryError, LaneModelError
from orchestration.fast_lane.emptiness import is_empty
from orchestration.fast_lane.plan import Model, Plan, Scope
from orchestration.fast_lane.shape import KINDS, EventKind, Shape, columns_of, view_of
from orchestration.fast_lane.slice import Catalog, quoted

RAW: Final = "raw.events"
HELD: Final = "held"
Config = Mapping[str, str | bool | int | float | list[str]]
REFERENCE: Final = "reference"
_LARGE: Final = 1_000  # events of a slice; of fewer, what statements keep is not worth the while

# A prepared plan stays while rows come and go; the first two would make it rely on the rows that
# the tables held when it was made, of which there were none. The others prepare for many rows:
# a list of twenty words becomes a hash join, which takes longer than to compare one person's rows.
_NO_USE: Final = (
    "compressed_materialization",
    "statistics_propagation",
    "in_clause",
    "join_filter_pushdown",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that fills one model's table; `plan`: how DuckDB carries it out."""

    model: Model
    name: str
    table: str
    plan: Mapping[str, Any]


@dataclass(slots=True)
class Engine:
    """Everything that `targets` read, prepared for slices of one shape.

    `links`: the steps from which it is known whom a slice is about; `rest`: all others;
    `bare`: reference tables without rows; `seconds`: model → time spent on it in the last run.
    """

    shape: Shape
    catalog: Catalog
    links: tuple[Step, ...]
    rest: tuple[Step, ...]
    bare: frozenset[str]
    seconds: dict[str, float] = field(default_factory=dict)
    _empty: set[str] = field(default_factory=set)
    _soiled: dict[str, Step] = field(default_factory=dict)

    @property
    def connection(self) -> DuckDBPyConnection:
        return self.catalog.connection

    @contextmanager
    def slice(self, events: Mapping[EventKind, pa.Table]) -> Iterator[None]:
        """Events of the shape's kinds, as long as this lasts."""
        self.seconds.clear()
        missing = (_table_of(self.shape, kind) for kind in self.shape - events.keys())
        self._empty = {f"{self.catalog.name}.raw.{table}" for table in missing} | self.bare
        is_large = sum(table.num_rows for table in events.values()) > _LARGE
        try:
            with self._undone():
                with _within_memory("The events of the people touched"):
                    for kind, table in events.items():
                        self._insert(kind, table)
                yield
        except LaneMemoryError:
            is_large = True
            raise
        finally:
            if is_large:
                self._rinse()

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self.connection.execute("begin")
        try:
            yield
        finally:
            self.connection.execute("rollback")

    def _rinse(self) -> None:
        """A prepared statement keeps what its last run gathered until it runs again: run those that
        did over no events."""
        with self._undone():
            while self._soiled:
                self._fill(self._soiled.popitem()[1])

    def read(self, query: str) -> list[dict[str, Any]]:
        """The rows of one of the workshop's queries, by name."""
        with _within_memory(f"What is read by {query}"):
            cursor = self.connection.execute(f"execute {quoted(_query(query))}")
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, steps: Sequence[Step]) -> None:
        """Fill the tables of these steps, but for those that nothing can come into; raises
        LaneModelError naming the model that failed, LaneMemoryError for want of memory."""
        for step in steps:
            started = perf_counter()
            if is_empty(step.plan, self._empty) or not self._run(step):
                self._empty.add(step.table)
            self.seconds[step.model.name] = perf_counter() - started

    def _run(self, step: Step) -> int:
        self._soiled[step.name] = step
        return self._fill(step)

    def _fill(self, step: Step) -> int:
        try:
            with _within_memory(f"Model {step.model.name}"):
                [(rows,)] = self.connection.execute(f"execute {quoted(step.name)}").fetchall()
        except duckdb.Error as error:
            raise LaneModelError(
                f"Model {step.model.name} failed over the people touched ({type(error).__name__})."
            ) from error
        return int(rows)

    def _insert(self, kind: EventKind, table: pa.Table) -> None:
        target = quoted(self.catalog.name, "raw", _table_of(self.shape, kind))
        self.connection.register("arriving", table)
        try:
            self.connection.execute(f"insert into {target} by name from arriving")
        finally:
            self.connection.unregister("arriving")


class Workshop:
    """Makes engines: one DuckDB instance, in which reference tables stand once for all of them.

    `held` is the published copy of the warehouse, which the reference tables come from; `queries`
    are what is read of a slice, by name.
    """

    def __init__(
        self,
        plan: Plan,
        held: Path,
        *,
        targets: Iterable[str],
        links: Iterable[str],
        queries: Mapping[str, str],
        config: Config | None = None,
    ) -> None:
        """Raises LaneMemoryError where the memory that `config` gives is too little."""
        self._plan = plan
        self._queries = queries
        self._needed = plan.upstream([*targets, *links])
        self._links = plan.upstream(list(links))
        self._base = duckdb.connect(":memory:", config=dict(config or {}))
        # One person's rows are no work to share out: handing them over takes longer.
        self._base.execute("set threads = 1")
        self._base.execute(f"set disabled_optimizers = '{','.join(_NO_USE)}'")
        register(self._base)
        self._base.execute(f"attach '{held}' as {HELD} (read_only)")
        self._base.execute(f"attach ':memory:' as {REFERENCE}")
        self._made = 0
        self._columns = Catalog(self._base, HELD).columns()
        given = [model for model in self._models() if _is_given(model)]
        with _within_memory("The reference tables"):
            self._bare = frozenset(
                _full_name(REFERENCE, model) for model in given if not self._copy_reference(model)
            )

    def close(self) -> None:
        self._base.close()

    @property
    def held(self) -> Catalog:
        """The published copy, for looking things up."""
        return Catalog(self._cursor(), HELD)

    def _cursor(self) -> DuckDBPyConnection:
        cursor = self._base.cursor()
        cursor.execute("set TimeZone = 'UTC'")  # each connection has its own
        return cursor

    def kinds(self) -> list[EventKind]:
        """Of all events in the published copy, those that come most often first."""
        with closing(self._cursor()) as cursor:
            found = cursor.execute(KINDS.format(table=f"{HELD}.{RAW}")).fetchall()
        return [EventKind(*row) for row in found]

    def make(self, shape: Shape) -> Engine:
        """Prepare everything for slices of this shape. Raises LaneMemoryError."""
        self._made += 1
        catalog = Catalog(self._cursor(), f"slice_{self._made}")
        catalog.connection.execute(f"attach ':memory:' as {quoted(catalog.name)}")
        try:
            with _within_memory("The tables for a slice"):
                return self._fitted(catalog, shape)
        except LaneMemoryError:
            self._drop(catalog)
            raise

    def _fitted(self, catalog: Catalog, shape: Shape) -> Engine:
        catalog.use()
        self._define_sources(catalog, shape)
        filled = [(model, self._define(catalog, model)) for model in self._models()]
        # Last of all: what is defined later would make DuckDB plan every statement anew each time.
        steps = [self._prepare(catalog, model, plan) for model, plan in filled if plan]
        for name, query in self._queries.items():
            catalog.execute(f"prepare {quoted(_query(name))} as {query}")
        return Engine(
            shape,
            catalog,
            tuple(step for step in steps if step.model.name in self._links),
            tuple(step for step in steps if step.model.name not in self._links),
            self._bare,
        )

    def discard(self, engine: Engine) -> None:
        """Free what an engine holds."""
        self._drop(engine.catalog)

    def _drop(self, catalog: Catalog) -> None:
        self._base.execute("use memory")
        catalog.connection.close()
        self._base.execute(f"detach {quoted(catalog.name)}")

    def _models(self) -> Iterator[Model]:
        return (model for model in self._plan.models if model.name in self._needed)

    def _copy_reference(self, model: Model) -> int:
        self._base.execute(f"create schema if not exists {quoted(REFERENCE, model.schema)}")
        held = self._plan[model.carried_from] if model.carried_from else model
        columns = ", ".join(map(quoted, self._columns[f"{model.schema}.{model.table}"]))
        [(rows,)] = self._base.execute(
            f"create table {Catalog(self._base, REFERENCE).relation(model)} as"
            f" select {columns} from {Catalog(self._base, HELD).relation(held)}"
        ).fetchall()
        return int(rows)

    def _define_sources(self, catalog: Catalog, shape: Shape) -> None:
        for name in self._plan.sources():
            if name != RAW:
                catalog.copy_source(name, Catalog(self._base, HELD), "limit 0")
        catalog.execute("create schema if not exists raw")
        tables = [(kind, _table_of(shape, kind)) for kind in sorted(shape, key=str)]
        for kind, table in tables:
            catalog.execute(f"create table raw.{quoted(table)} ({columns_of(kind)})")
        named = [(kind, quoted("raw", table)) for kind, table in tables]
        catalog.execute(f"create view raw.events as {view_of(named)}")

    def _define(self, catalog: Catalog, model: Model) -> Mapping[str, Any] | None:
        """Make the model's relation; its plan, where it is a table that may have rows."""
        held = f"from {Catalog(self._base, HELD).relation(model)}"
        if _is_given(model):
            catalog.define(model, f"from {Catalog(self._base, REFERENCE).relation(model)}")
        elif model.is_view:
            catalog.define(model)
        elif is_empty(plan := self._plan_of(catalog, model), self._bare):
            catalog.define(model, f"{held} where false")
        else:
            catalog.copy(model, f"{held} limit 0")
            return plan
        return None

    def _prepare(self, catalog: Catalog, model: Model, plan: Mapping[str, Any]) -> Step:
        step = Step(model, f"fill {model.name}", _full_name(catalog.name, model), plan)
        catalog.execute(
            f"prepare {quoted(step.name)} as"
            f" insert into {catalog.relation(model)} by name {model.sql}"
        )
        return step

    def _plan_of(self, catalog: Catalog, model: Model) -> Mapping[str, Any]:
        catalog.use()
        explained = catalog.connection.execute(f"explain (format json) {model.sql}").fetchall()
        [plan] = json.loads(explained[0][1])
        return dict(plan)


@contextmanager
def _within_memory(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise LaneMemoryError(
            f"{what} would take more memory than the fast lane may use."
        ) from error


def _full_name(catalog: str, model: Model) -> str:
    """As plans name it."""
    return f"{catalog}.{model.schema}.{model.table}"


def _query(name: str) -> str:
    return f"read {name}"


def _is_given(model: Model) -> bool:
    """Whether a slice takes the model as the batch lane left it."""
    return model.scope in (Scope.SEED, Scope.REFERENCE) or bool(model.carried_from)


def _table_of(shape: Shape, kind: EventKind) -> str:
    return f"kind_{sorted(shape, key=str).index(kind)}"
