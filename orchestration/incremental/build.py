"""One incremental build: new events → whom they touch → their rows, by the models as they are.

Everything of people is computed beside the warehouse, in memory; then one transaction moves the
rows. A crash leaves the old rows or the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import duckdb
from duckdb import DuckDBPyConnection

from orchestration.errors import BuildFailedError
from orchestration.fast_lane.plan import ACTIVATION, Model, Plan, Scope, Test
from orchestration.fast_lane.slice import Catalog, home, in_memory, quoted
from orchestration.incremental import merge, state
from orchestration.incremental.fresh import Fresh, build_fresh
from orchestration.incremental.merge import Merged
from orchestration.incremental.people import People
from orchestration.incremental.state import State
from orchestration.incremental.workspace import (
    CATALOGS,
    PEOPLE,
    FullBuildNeededError,
    Workspace,
)
from orchestration.quality import breaches


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a data test: how many rows failed it."""

    test: Test
    failures: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an incremental build did. `merged`: model → rows lost and gained; `order`: every model,
    after those it reads; `seconds`: wall time without data tests, which took `test_seconds`;
    `steps`: what took how long."""

    position: int
    new_events: int
    touched_people: int
    touched_events: int
    seconds: float
    test_seconds: float
    merged: dict[str, Merged]
    order: tuple[str, ...]
    tests: tuple[Outcome, ...]
    steps: dict[str, float]


def rebuild(
    connection: DuckDBPyConnection,
    plan: Plan,
    held: State,
    *,
    too_many: Callable[[int, int], bool],
    now: Callable[[], datetime],
) -> Report:
    """Bring every table up to the last event of raw.events, unless `too_many(touched, all)`
    people are touched.

    Raises FullBuildNeededError when another way is due, BuildFailedError when a data test fails
    or a model cannot run; the tables are as they were then.
    """
    started = perf_counter()
    warehouse = home(connection)
    # What needs an order says so in SQL: keeping that of arrival costs time and means nothing.
    connection.execute("set preserve_insertion_order = false")
    try:
        with in_memory(warehouse, CATALOGS) as catalogs:
            space = Workspace(plan, warehouse, catalogs)
            fresh = build_fresh(space, held.position)
            people = People(space, fresh)

            def check() -> None:
                touched, every = people.count()
                if too_many(touched, every):
                    raise FullBuildNeededError(
                        f"the new events touch {touched:,} of {every:,} people"
                    )

            people.find()
            people.build(check)
            return _Settlement(space, fresh, started).settle(now)
    finally:
        warehouse.use()
        connection.execute("reset preserve_insertion_order")


class _Settlement:
    """The end of a build: tests, and the one transaction."""

    def __init__(self, workspace: Workspace, fresh: Fresh, started: float) -> None:
        self.space = workspace
        self.plan = workspace.plan
        self.fresh = fresh
        self.started = started
        self.test_seconds = 0.0
        self.merged: dict[str, Merged] = {}
        self.outcomes: list[Outcome] = []

    def settle(self, now: Callable[[], datetime]) -> Report:
        space, connection = self.space, self.space.warehouse.connection
        tests = _by_place(self.plan)
        self._test(space.fresh, tests["fresh"])
        self._test(space.part, tests["part"])
        space.warehouse.use()
        connection.execute("begin")
        try:
            for model in self.plan.models:
                if model.is_merged:
                    self._merge(model)
            self._test(space.warehouse, tests["warehouse"])
            report = self._report()
            state.add_incremental(
                connection,
                position=report.position,
                fingerprint=self.plan.fingerprint,
                new_events=report.new_events,
                touched_people=report.touched_people,
                touched_events=report.touched_events,
                seconds=report.seconds,
                now=now(),
            )
            started = perf_counter()
            connection.execute("commit")
            report.steps["(commit)"] = perf_counter() - started
        except BaseException:
            connection.execute("rollback")
            raise
        return report

    def _merge(self, model: Model) -> None:
        try:
            with self.space.timed(f"{model.name} (merge)"):
                self.merged[model.name] = merged = self._merged(model)
        except duckdb.Error as error:
            raise BuildFailedError(
                f"The rows of {model.name} could not be merged ({type(error).__name__}).",
                remedy="Run `millrace run --full`: dbt tells more.",
            ) from error
        if merged.inserted:
            self._check_unique(model)

    def _merged(self, model: Model) -> Merged:
        space = self.space
        if model in space.early:
            return self.fresh.merge(model.name)
        if model.scope is Scope.VALUE:
            return merge.add_values(model, space.warehouse, space.part)
        if model.scope is Scope.PERSON:
            return merge.replace_touched(
                model, space.warehouse, space.part, space.columns_of(model), space.keys_of(model)
            )
        if not self._has_news(model):
            return Merged(0, 0)
        built = f"from {space.whole.relation(model)}" if model in space.references else model.sql
        return merge.replace_all(model, space.warehouse, built)

    def _has_news(self, model: Model) -> bool:
        """Whether a table that the model reads, directly or through views, changed."""
        waiting, sources = list(model.reads), self.plan.sources()
        while waiting:
            name = waiting.pop()
            if name in sources or self.merged.get(name, Merged(0, 0)) != Merged(0, 0):
                return True
            if name not in self.merged and self.plan[name].is_view:
                waiting.extend(self.plan[name].reads)
        return False

    def _check_unique(self, model: Model) -> None:
        """The rows that came against all others; dbt's own test saw them among themselves."""
        if not model.unique or model.scope is not Scope.PERSON:
            return  # an event's keys are unique in the log
        if model.schema == ACTIVATION:
            return  # rows that repeat a key are held, and the others go on
        connection, target = self.space.warehouse.connection, self.space.warehouse.relation(model)
        columns = ", ".join(map(quoted, model.unique))
        started = perf_counter()
        doubled = connection.execute(
            f"""
            select 1 from {target} semi join temp.main.made as made using ({columns})
            group by {columns} having count(*) > 1 limit 1
            """
        ).fetchall()
        self.test_seconds += perf_counter() - started
        if doubled:
            raise BuildFailedError(
                f"Rows of {model.name} for the people touched repeat a key ({columns}) of others."
            )

    def _test(self, catalog: Catalog, tests: Sequence[Test]) -> None:
        started = perf_counter()
        catalog.use()
        for test in tests:
            if not self._sees_rows(catalog, test):
                self.outcomes.append(Outcome(test, 0))
                continue
            try:
                [(failures,)] = catalog.connection.execute(
                    f"select count(*) from (\n{test.sql}\n)"
                ).fetchall()
            except duckdb.Error as error:
                raise BuildFailedError(
                    f"The data test {test.name} could not run ({type(error).__name__})."
                ) from error
            self.outcomes.append(Outcome(test, failures))
        failed = [_words(catalog, outcome.test) for outcome in self.outcomes if _breaks(outcome)]
        self.space.warehouse.use()
        self.test_seconds += perf_counter() - started
        if failed:
            raise BuildFailedError(f"{len(failed)} data test(s) failed: {'; '.join(failed[:5])}")

    def _sees_rows(self, catalog: Catalog, test: Test) -> bool:
        """A test of a model of people or events that has no rows here has nothing to say."""
        if test.of is None or catalog is self.space.warehouse or test.of in self.plan.sources():
            return True
        return self.space.has_rows(catalog, self.plan[test.of])

    def _report(self) -> Report:
        space = self.space
        people = space.part.relation(self.plan[PEOPLE])
        [(touched_people,)] = space.warehouse.connection.execute(
            f"select count(distinct person_id) from {people}"
        ).fetchall()
        return Report(
            position=self.fresh.last,
            new_events=self.fresh.count,
            touched_people=touched_people,
            touched_events=space.count("position"),
            seconds=perf_counter() - self.started - self.test_seconds,
            test_seconds=self.test_seconds,
            merged=self.merged,
            order=tuple(model.name for model in self.plan.models),
            tests=tuple(self.outcomes),
            steps=space.seconds,
        )


def _breaks(outcome: Outcome) -> bool:
    return outcome.failures > 0 and not outcome.test.warns


def _words(catalog: Catalog, test: Test) -> str:
    if not test.name.startswith(breaches.KIND):
        return test.name
    return f"{test.name}: {breaches.told(catalog.connection, test.sql)}"


def _by_place(plan: Plan) -> dict[str, list[Test]]:
    """Where each test sees what it is about with the fewest rows: among the new events, among
    the people touched, or in the whole warehouse; tests of seeds alone have nothing new to see."""
    scopes = {model.name: model.scope for model in plan.models}
    places: dict[str, list[Test]] = {"fresh": [], "part": [], "warehouse": []}
    for test in plan.tests:
        read = {scopes.get(name, Scope.EVENT) for name in test.reads}
        if read <= {Scope.SEED}:
            continue
        if read & {Scope.GLOBAL, Scope.REFERENCE}:
            places["warehouse"].append(test)
        elif read & {Scope.PERSON, Scope.VALUE}:
            places["part"].append(test)
        else:
            places["fresh"].append(test)
    return places
