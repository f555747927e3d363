"""What an incremental build works with: the warehouse, and four empty catalogs beside it.

touched  which events and entities the new events touch
fresh    the new events and other copies of them: what depends on an event alone
part     every event of the people touched: what depends on a person
whole    the warehouse as it is going to be, as far as a reference model reads it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import duckdb

from orchestration.errors import BuildFailedError
from orchestration.fast_lane.plan import Model, Plan, Scope
from orchestration.fast_lane.slice import Catalog, quoted
from orchestration.incremental import merge
from orchestration.incremental.merge import Key

CATALOGS = ("touched", "fresh", "part", "whole")
RAW = "raw.events"
EVENTS = "base_raw__events"
PEOPLE = "int_record_people"


class FullBuildNeededError(Exception):
    """No failure: what these events change cannot be told apart, or is too much of all there is.
    The message says which."""


class Workspace:
    """The catalogs, and how relations are made in them.

    `early` models depend on events or values alone, `late` ones on people; `references` are those
    that late ones read. `seconds`: what took how long.
    """

    def __init__(self, plan: Plan, warehouse: Catalog, catalogs: Sequence[Catalog]) -> None:
        self.plan = plan
        self.warehouse = warehouse
        self.touched, self.fresh, self.part, self.whole = catalogs
        self.seconds: dict[str, float] = {}
        self._columns = warehouse.columns()
        self._filled: dict[tuple[str, str], bool] = {}
        of_people = {model.name for model in plan.of(Scope.PERSON)}
        self.late = [
            model
            for model in plan.of(Scope.PERSON, Scope.VALUE)
            if model.scope is Scope.PERSON or plan.upstream([model.name]) & of_people
        ]
        self.early = [m for m in plan.of(Scope.EVENT, Scope.VALUE) if m not in self.late]
        needed = plan.upstream([model.name for model in self.late])
        self.references = [m for m in plan.of(Scope.REFERENCE) if m.name in needed]
        for model in [*self.early, *self.late]:
            if model.is_merged and model.scope is not Scope.VALUE:
                self.keys_of(model)  # refuses a model that cannot take part before anything is done

    def columns_of(self, model: Model) -> list[str]:
        return self._columns[f"{model.schema}.{model.table}"]

    def keys_of(self, model: Model) -> list[Key]:
        """What tells whose a row is."""
        return merge.keys_of(model, self.columns_of(model))

    def renewed_keys_of(self, model: Model) -> list[Key]:
        """What tells whether a row is of a new event, or of a copy of one."""
        return [(column, f"renewed_{kind}") for column, kind in self.keys_of(model)]

    # -- making relations

    def make(self, catalog: Catalog, model: Model) -> None:
        """By the model's own SQL, or with what it carries over from the warehouse."""
        with self.timed(f"{model.name} ({catalog.name})"), _named(model):
            if model.carried_from:
                carried = self.warehouse.relation(self.plan[model.carried_from])
                columns = ", ".join(map(quoted, self.columns_of(model)))
                catalog.define(model, f"select {columns} from {carried}")
            elif not model.is_view:
                catalog.fill(model, like=self.warehouse)
            elif catalog is self.fresh:
                catalog.copy(model)  # a few rows: planning a view again and again costs more
            else:
                catalog.define(model)

    def borrow(self, catalog: Catalog, model: Model) -> None:
        """As it is in the warehouse."""
        catalog.define(model, f"from {self.warehouse.relation(model)}")

    def give_seeds(self, catalog: Catalog) -> None:
        for model in self.plan.of(Scope.SEED):
            self.borrow(catalog, model)

    def give_sources(self, catalog: Catalog, events: str) -> None:
        """What was loaded; of the events only those whose positions the table `events` lists."""
        listed = f"where position in (select id from touched.main.{events})"
        for name in self.plan.sources():
            if name != RAW:
                catalog.define_source(name, self.warehouse)
            elif catalog is self.fresh:
                catalog.copy_source(name, self.warehouse, listed)
            else:
                catalog.define_source(name, self.warehouse, listed)  # bodies are not read again

    def clear(self, *catalogs: Catalog) -> None:
        self.warehouse.use()
        for catalog in catalogs:
            catalog.clear()
            self._filled = {
                key: any_ for key, any_ in self._filled.items() if key[0] != catalog.name
            }

    # -- asking

    def count(self, table: str) -> int:
        """Rows of a table of `touched`."""
        return self._number(f"select count(*) from touched.main.{quoted(table)}")

    def has_rows(self, catalog: Catalog, model: Model) -> bool:
        """Whether a model has any rows there; asked once."""
        key = (catalog.name, model.name)
        if key not in self._filled:
            found = catalog.connection.execute(f"from {catalog.relation(model)} limit 1")
            self._filled[key] = bool(found.fetchall())
        return self._filled[key]

    def _number(self, sql: str) -> int:
        [(number,)] = self.warehouse.connection.execute(sql).fetchall()
        return int(number)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - started


@contextmanager
def _named(model: Model) -> Iterator[None]:
    """Say which model failed; DuckDB's message may hold values of its rows and is not repeated."""
    try:
        yield
    except duckdb.Error as error:
        raise BuildFailedError(
            f"Model {model.name} failed over the people touched ({type(error).__name__}).",
            remedy="Run `millrace run --full`: dbt tells more.",
        ) from error
