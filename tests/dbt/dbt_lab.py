"""A warehouse in memory, built in full or for the people touched, by the SQL that dbt compiled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from dbt_builders import RawEvent
from dbt_warehouse import RAW_EVENTS, Warehouse

from dbt_project.functions.register import register
from orchestration import delivery_facts
from orchestration.fast_lane.plan import Model, Plan, Scope, read_plan
from orchestration.fast_lane.slice import home, in_memory, quoted
from orchestration.incremental import merge, state
from orchestration.incremental.build import Report, rebuild
from orchestration.incremental.fresh import build_fresh
from orchestration.incremental.people import People
from orchestration.incremental.workspace import CATALOGS, FullBuildNeededError, Workspace

NOW = datetime(2026, 12, 1, tzinfo=UTC)
Tables = dict[str, list[str]]


def compiled_manifest(warehouse: Warehouse) -> dict[str, Any]:
    """The project as dbt compiles it for every destination."""
    warehouse.compiled()
    manifest = Path(warehouse.path).parent / "target" / "manifest.json"
    return dict(json.loads(manifest.read_bytes()))


def compiled_plan(warehouse: Warehouse) -> Plan:
    """Every model and data test of the project, as dbt compiles them."""
    return read_plan(compiled_manifest(warehouse), "tests")


@dataclass(frozen=True, slots=True)
class Lab:
    """Positions are given in the order in which events are added."""

    connection: duckdb.DuckDBPyConnection
    plan: Plan

    def add(self, events: Sequence[RawEvent]) -> None:
        """Log these events behind those that are there, but no key twice."""
        known = set(self.connection.execute("select source, event_key from raw.events").fetchall())
        after = self.head()
        fresh = {(each.source, each.event_key): each for each in events}
        new = [each for key, each in fresh.items() if key not in known]
        rows = pa.Table.from_pylist(
            [
                {name: getattr(event, name, None) for name in RAW_EVENTS.names}
                | {"position": position}
                for position, event in enumerate(new, start=after + 1)
            ],
            schema=RAW_EVENTS,
        )
        self.connection.register("incoming", rows)
        self.connection.execute("insert into raw.events from incoming")
        self.connection.unregister("incoming")

    def head(self) -> int:
        [(head,)] = self.connection.execute(
            "select coalesce(max(position), 0) from raw.events"
        ).fetchall()
        return int(head)

    def build(self) -> None:
        """Every model anew."""
        state.begin_full(self.connection, "test")
        for model in self.plan.models:
            if model.sql:
                kind = "view" if model.is_view else "table"
                name = quoted(model.schema, model.table)
                self.connection.execute(f"create schema if not exists {quoted(model.schema)}")
                self.connection.execute(f"create or replace {kind} {name} as {model.sql}")
        state.end_full(
            self.connection, position=self.head(), fingerprint="tests", seconds=0, now=NOW
        )

    def rebuild(self, plan: Plan | None = None) -> Report:
        """The people whom the new events touch; raises FullBuildNeededError."""
        held = state.read(self.connection)
        assert held is not None
        return rebuild(
            self.connection,
            plan or self.plan,
            held,
            too_many=lambda _touched, _people: False,
            now=lambda: NOW,
        )

    def follow(self) -> bool:
        """As a batch does: incremental if that is right, which is told, else in full."""
        try:
            self.rebuild()
        except FullBuildNeededError:
            self.build()
            return False
        return True

    def tables(self, *, views: bool = True) -> Tables:
        """Model → its rows, as text in a stable order."""
        return {
            model.name: self.rows(quoted(model.schema, model.table))
            for model in self.plan.models
            if (views or not model.is_view)
            and model.scope is not Scope.SEED
            and model.name != "rpt_current_scores"  # of now
        }

    def rows(self, relation: str, where: str = "true") -> list[str]:
        found = self.connection.execute(f"from {relation} as held where {where}")
        names = [column[0] for column in found.description or []]
        return sorted(
            ", ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=True))
            for row in found.fetchall()
        )

    @contextmanager
    def slice_of(self, people: Sequence[str]) -> Iterator[Workspace]:
        """The models over all events of these people alone."""
        named = ", ".join(f"'{person}'" for person in people)
        with in_memory(home(self.connection), CATALOGS) as catalogs:
            space = Workspace(self.plan, home(self.connection), catalogs)
            slice_ = People(space, build_fresh(space, self.head()))
            slice_.find(f"select 'person', unnest([{named}])")
            slice_.build(lambda: None)
            yield space

    def sliced(self, space: Workspace, model: Model) -> tuple[list[str], list[str]]:
        """Rows of a model: made in the slice, and those of the same people in the warehouse."""
        whose = merge.is_touched(space.keys_of(model), "held")
        return (
            self.rows(space.part.relation(model)),
            self.rows(space.warehouse.relation(model), whose),
        )


@contextmanager
def laboratory(plan: Plan, seeds: dict[str, pa.Table]) -> Iterator[Lab]:
    """Seeds, no events, nothing built."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'; create schema raw; create schema seeds")
        register(connection)
        tables = {"raw.events": RAW_EVENTS.empty_table()}
        tables["raw.deliveries"] = delivery_facts.to_table([])
        tables |= {f"seeds.{name}": table for name, table in seeds.items()}
        for name, table in tables.items():
            connection.register("incoming", table)
            connection.execute(f"create table {name} as from incoming")
            connection.unregister("incoming")
        yield Lab(connection, plan)


def differences(expected: Tables, actual: Tables) -> list[str]:
    """For each table that differs, a row that is missing and one that is too many."""
    told = []
    for name, rows in expected.items():
        if rows != actual[name]:
            missing = sorted(set(rows) - set(actual[name]))[:1]
            odd = sorted(set(actual[name]) - set(rows))[:1]
            told.append(f"{name}: {len(rows)} / {len(actual[name])} rows; {missing} / {odd}")
    return told


def broken(plan: Plan, name: str) -> Plan:
    """The plan with one model that cannot run."""
    return altered(plan, name, "select error('broken') as x from ({sql})")


def altered(plan: Plan, name: str, sql: str) -> Plan:
    """The plan with other SQL for one model; `{sql}` stands for what it was."""
    models = tuple(
        replace(model, sql=sql.format(sql=model.sql)) if model.name == name else model
        for model in plan.models
    )
    return replace(plan, models=models)
