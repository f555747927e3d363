"""A part of the warehouse under the warehouse's own names.

dbt's compiled SQL names its inputs `schema.table`. In a catalog that holds the same schemas with
fewer rows, the same text builds the same models of these rows: nothing is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from orchestration.fast_lane.plan import Model


def quoted(*names: str) -> str:
    """Names as SQL identifiers, joined by dots."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


@dataclass(frozen=True, slots=True)
class Catalog:
    """One database attached to the connection; its models are addressed by what dbt says."""

    connection: DuckDBPyConnection
    name: str

    def relation(self, model: Model) -> str:
        return quoted(self.name, model.schema, model.table)

    def use(self) -> None:
        """From now on `schema.table` means this catalog's."""
        self.connection.execute(f"use {quoted(self.name)}")

    def execute(self, sql: str) -> None:
        """Run a statement in which `schema.table` means this catalog's."""
        self.use()
        self.connection.execute(sql)

    def define(self, model: Model, select: str | None = None) -> None:
        """A view, over the model's own SQL by default."""
        self._make_schema(model.schema)
        self.execute(f"create view {self.relation(model)} as {select or model.sql}")

    def fill(self, model: Model, select: str | None = None, *, like: Catalog) -> None:
        """A table with the columns and types that `like` has, from the model's SQL by default."""
        self._make_schema(model.schema)
        target = self.relation(model)
        self.execute(f"create table {target} as from {like.relation(model)} limit 0")
        self.execute(f"insert into {target} by name {select or model.sql}")

    def copy(self, model: Model, select: str | None = None) -> None:
        """A table with the columns and types that the query has, the model's by default."""
        self._make_schema(model.schema)
        self.execute(f"create table {self.relation(model)} as {select or model.sql}")

    def source(self, name: str) -> str:
        """What was loaded, by `schema.table`."""
        return quoted(self.name, *name.split(".", 1))

    def define_source(self, name: str, held: Catalog, where: str = "") -> None:
        """A view of what another catalog holds under the name."""
        self._make_schema(name.split(".", 1)[0])
        self.execute(f"create view {self.source(name)} as from {held.source(name)} {where}")

    def copy_source(self, name: str, held: Catalog, where: str) -> None:
        """A table of some of it."""
        self._make_schema(name.split(".", 1)[0])
        self.execute(f"create table {self.source(name)} as from {held.source(name)} {where}")

    def clear(self) -> None:
        """Drop all that stands in it; another catalog must be in use."""
        self.connection.execute(f"detach {quoted(self.name)}")
        self.connection.execute(f"attach ':memory:' as {quoted(self.name)}")

    def columns(self) -> dict[str, list[str]]:
        """`schema.table` → its columns in order, of every table and view."""
        found: dict[str, list[str]] = {}
        for relation, column in self.connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns()"
            " where database_name = ? order by schema_name, table_name, column_index",
            [self.name],
        ).fetchall():
            found.setdefault(relation, []).append(column)
        return found

    def _make_schema(self, schema: str) -> None:
        self.connection.execute(f"create schema if not exists {quoted(self.name, schema)}")


def home(connection: DuckDBPyConnection) -> Catalog:
    """The database that the connection was opened with."""
    [(name,)] = connection.execute("select current_catalog()").fetchall()
    return Catalog(connection, name)


@contextmanager
def in_memory(base: Catalog, names: Iterable[str]) -> Iterator[list[Catalog]]:
    """Empty catalogs beside `base`, gone afterwards; `base` is the current one again then."""
    catalogs = [Catalog(base.connection, name) for name in names]
    attached = []
    try:
        for catalog in catalogs:
            base.connection.execute(f"attach ':memory:' as {quoted(catalog.name)}")
            attached.append(catalog)
        yield catalogs
    finally:
        base.use()
        for catalog in attached:
            base.connection.execute(f"detach {quoted(catalog.name)}")
