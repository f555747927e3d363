"""The rows of a slice into the tables of the warehouse: what is gone goes, what is new comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from orchestration.errors import PlanError
from orchestration.fast_lane.plan import Model, Scope
from orchestration.fast_lane.slice import Catalog, quoted

Key = tuple[str, str]
"""A column, and the kind of entity whose ids it holds."""

KEYS = (
    ("person_id", "person"),
    ("record_id", "record"),
    ("opportunity_id", "opportunity"),
    ("event_id", "event"),
)
"""Column → the kind of entity whose rows it marks; the first that a model has, and that is not
null in a row, decides."""
EVENT_KEYS = (("position", "position"), ("event_id", "event"))
"""The same for models of scope `event`: every row has an event, so the first decides."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Rows that a model lost and gained; a changed row counts in both."""

    deleted: int
    inserted: int


def keys_of(model: Model, columns: Sequence[str]) -> list[Key]:
    """The columns that tell whose a row is; raises PlanError where there are none."""
    told = [(column, kind) for column, kind in model.keys.items() if column in columns]
    if told:
        return told
    found = [(column, kind) for column, kind in KEYS if column in columns]
    if model.scope is Scope.EVENT:
        found = [key for key in EVENT_KEYS if key[0] in columns][:1]
    if not found:
        raise PlanError(
            f"Nothing tells whose the rows of {model.name} are.",
            remedy="Give it a column person_id, record_id, opportunity_id or event_id, name one in"
            " `meta.keys` (column: kind of entity), or make its `meta.scope` global.",
        )
    return found


def is_touched(keys: Sequence[Key], alias: str) -> str:
    """SQL: whether a row of `alias` belongs to an entity that was touched."""
    conditions, before = [], ""
    for column, kind in keys:
        name = f"{alias}.{quoted(column)}"
        conditions.append(f"{before}{name} in (select id from touched.main.{quoted(kind)})")
        before += f"{name} is null and "
    return "(" + " or ".join(f"({condition})" for condition in conditions) + ")"


def replace_touched(
    model: Model, warehouse: Catalog, part: Catalog, columns: Sequence[str], keys: Sequence[Key]
) -> Merged:
    """Make the touched rows of the warehouse's table equal to those of the slice; rows that are
    equal already stay where they are."""
    connection = warehouse.connection
    target, made = warehouse.relation(model), part.relation(model)
    # Rows are compared by a hash of 64 bits of all their columns: reading and joining the columns
    # themselves took most of a build. Without a unique key equal rows may stand in the table
    # several times: then all are replaced.
    row_hash = f"hash({', '.join(map(quoted, columns))})"
    made_too, held_too = "", ""
    if model.unique:
        made_too = f"anti join temp.main.held as held on {row_hash} = held.row_hash"
        held_too = f"anti join (select {row_hash} as row_hash from {made}) as made using (row_hash)"
    connection.execute(
        f"""
        create or replace temp table held as
        select held.rowid as held_row, {row_hash} as row_hash from {target} as held
        where {is_touched(keys, "held")};

        create or replace temp table made as
        select made.* from {made} as made {made_too};

        create or replace temp table gone as
        select held_row from temp.main.held as held {held_too};
        """
    )
    deleted = _changed(connection, f"delete from {target} where rowid in (from temp.main.gone)")
    inserted = _changed(connection, f"insert into {target} by name from temp.main.made")
    return Merged(deleted, inserted)


def replace_rows(
    model: Model, warehouse: Catalog, made: Catalog, keys: Sequence[Key] | None
) -> Merged:
    """Delete the rows with these keys, if any, and insert what was made."""
    target, connection = warehouse.relation(model), warehouse.connection
    deleted = 0
    if keys:
        old = is_touched(keys, "held")
        deleted = _changed(connection, f"delete from {target} as held where {old}")
    inserted = _changed(connection, f"insert into {target} by name from {made.relation(model)}")
    return Merged(deleted, inserted)


def add_values(model: Model, warehouse: Catalog, fresh: Catalog) -> Merged:
    """Insert the values that the warehouse's table lacks."""
    missing = missing_values(model, warehouse, fresh)
    target = warehouse.relation(model)
    return Merged(0, _changed(warehouse.connection, f"insert into {target} by name {missing}"))


def missing_values(model: Model, warehouse: Catalog, fresh: Catalog) -> str:
    """SQL: the rows of `fresh` whose key the warehouse's table does not hold."""
    using = ", ".join(quoted(column) for column in model.unique)
    return (
        f"select * from {fresh.relation(model)}"
        f" anti join {warehouse.relation(model)} using ({using})"
    )


def replace_all(model: Model, warehouse: Catalog, select: str | None = None) -> Merged:
    """Build a table anew, in place: its columns, types and constraints stay."""
    target = warehouse.relation(model)
    connection = warehouse.connection
    deleted = _changed(connection, f"delete from {target}")
    inserted = _changed(connection, f"insert into {target} by name {select or model.sql}")
    return Merged(deleted, inserted)


def _changed(connection: DuckDBPyConnection, sql: str) -> int:
    [(rows,)] = connection.execute(sql).fetchall()
    return int(rows)
