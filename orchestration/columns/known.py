"""What is known of the columns of the last full build: kept in a file beside its manifest, so that
whoever loads the code location neither opens the warehouse nor parses SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from duckdb import DuckDBPyConnection

from orchestration import warehouse
from orchestration.columns.lineage import Origin, Types, origins, schema_of

FILE: Final = "columns.json"
_COLUMNS: Final = """
    select schema_name || '/' || table_name as name, column_name, data_type
    from duckdb_columns()
    where database_name = current_database() and not internal
    order by name, column_index
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its table has it; `origins` is empty where nobody knows, or nothing is."""

    name: str
    type: str
    description: str
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """Table, as schema/name → its columns; `untraced`: models whose SQL the parser did not
    follow, which have columns without origins."""

    tables: Mapping[str, tuple[Column, ...]]
    untraced: tuple[str, ...]


def renew(folder: Path, manifest: Path, connection: DuckDBPyConnection, fingerprint: str) -> Known:
    """What there is now, unless the file in `folder` is of this fingerprint already.

    `manifest`: dbt's, with the SQL that made the tables which `connection` reads.
    """
    if _kept(folder).get("fingerprint") == fingerprint:
        return read(folder)
    types: dict[str, dict[str, str]] = {}
    for row in warehouse.rows(connection, _COLUMNS):
        types.setdefault(row["name"], {})[row["column_name"]] = row["data_type"]
    known = describe(orjson.loads(manifest.read_bytes()), types)
    staged = (folder / FILE).with_suffix(".new")
    staged.write_bytes(orjson.dumps(_told(known, fingerprint)))
    staged.replace(folder / FILE)
    return known


def read(folder: Path) -> Known:
    """What the last full build left; nothing before the first one."""
    told = _kept(folder)
    tables = {name: _columns(rows) for name, rows in told.get("tables", {}).items()}
    return Known(tables, tuple(told.get("untraced", ())))


def describe(manifest: Mapping[str, Any], types: Types) -> Known:
    """Every table of the manifest that is there, and where its columns come from."""
    schema, untraced = schema_of(types), []
    tables: dict[str, tuple[Column, ...]] = {}
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        name = f"{node['schema']}/{node.get('alias') or node['name']}"
        if name not in types or node["resource_type"] not in ("model", "seed", "source"):
            continue
        found: Mapping[str, tuple[Origin, ...]] = {}
        if node["resource_type"] == "model":
            try:
                found = origins(node["compiled_code"], schema)
            except Exception:  # noqa: BLE001  # a parser's limits cost one model its lineage
                untraced.append(name)
        said = {key.lower(): told["description"] for key, told in node["columns"].items()}
        tables[name] = tuple(
            Column(column, kind, said.get(column.lower(), ""), found.get(column, ()))
            for column, kind in types[name].items()
        )
    return Known(tables, tuple(untraced))


def _kept(folder: Path) -> dict[str, Any]:
    """Empty where the file is not there or broken: it is made anew, and no reason to stop."""
    try:
        found: dict[str, Any] = orjson.loads((folder / FILE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found


def _told(known: Known, fingerprint: str) -> dict[str, Any]:
    tables = {
        name: [
            [each.name, each.type, each.description, list(map(list, each.origins))]
            for each in columns
        ]
        for name, columns in known.tables.items()
    }
    return {"fingerprint": fingerprint, "tables": tables, "untraced": known.untraced}


def _columns(rows: list[list[Any]]) -> tuple[Column, ...]:
    return tuple(
        Column(name, kind, description, tuple(Origin(*each) for each in found))
        for name, kind, description, found in rows
    )
