"""A copy of the marts for those who need no names: personal columns are masked.

DuckDB has no rights within a file, so it is a file of its own; who may open which is a matter of
the file system. Columns are personal where the models' YAML says `meta: {pii: true}`. What the
YAML does not name is left out: a column is shown because somebody decided so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb

from dbt_project.functions.register import register
from orchestration.fast_lane.slice import quoted

SCHEMA: Final = "marts"
MASK: Final = "***"
_SOURCE: Final = "warehouse"  # the name under which views know their tables


def write(published: Path, manifest: Path, target: Path) -> int:
    """Swap in a masked copy of the marts of the published one; the number of tables in it."""
    columns = personal(json.loads(manifest.read_bytes()))
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_suffix(".next")
    staged.unlink(missing_ok=True)
    with duckdb.connect(str(staged)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        register(connection)
        connection.execute(f"attach '{str(published).replace(chr(39), chr(39) * 2)}'"
                           f" as {_SOURCE} (read_only)")  # fmt: skip
        connection.execute(f"create schema {SCHEMA}")
        made = 0
        for table, flags in sorted(columns.items()):
            named = ", ".join(_shown(connection, table, flags))
            if named:
                connection.execute(
                    f"create table {SCHEMA}.{quoted(table)} as"  # noqa: S608  names of dbt's manifest, quoted
                    f" select {named} from {_SOURCE}.{SCHEMA}.{quoted(table)}"
                )
                made += 1
        connection.execute(f"detach {_SOURCE}")
    os.replace(staged, target)  # noqa: PTH105  the atomic one, by name
    return made


def personal(manifest: Mapping[str, Any]) -> dict[str, dict[str, bool]]:
    """Table → column → whether it is personal, for every column that the YAML names."""
    return {
        node["alias"]: {
            name: bool(column.get("meta", {}).get("pii"))
            for name, column in node["columns"].items()
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == SCHEMA
    }


def _shown(
    connection: duckdb.DuckDBPyConnection, table: str, flags: Mapping[str, bool]
) -> Iterator[str]:
    """Expressions for the columns that are there and named; text shows that something is there."""
    held = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_catalog = $1 and table_schema = $2 and table_name = $3"
        " order by ordinal_position",
        [_SOURCE, SCHEMA, table],
    ).fetchall()
    for name, kind in held:
        column = quoted(name)
        if name not in flags:
            continue
        if not flags[name]:
            yield column
        elif kind == "VARCHAR":
            yield f"if({column} is null, null, '{MASK}') as {column}"
        else:
            yield f"null::{kind} as {column}"
