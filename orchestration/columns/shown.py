"""Columns as Dagster's UI shows them: a schema, and what each column comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg

from orchestration.columns.known import Column, Known

COLUMN_SCHEMA: Final = "dagster/column_schema"
COLUMN_LINEAGE: Final = "dagster/column_lineage"


def metadata(columns: Sequence[Column]) -> dict[str, Any]:
    """Under the names that the UI knows; without lineage where no column has any."""
    schema = dg.TableSchema(
        columns=[dg.TableColumn(each.name, each.type, each.description or None) for each in columns]
    )
    traced = {
        each.name: [
            dg.TableColumnDep(dg.AssetKey(origin.table.split("/")), origin.column)
            for origin in each.origins
        ]
        for each in columns
    }
    told: dict[str, Any] = {COLUMN_SCHEMA: dg.MetadataValue.table_schema(schema)}
    if any(traced.values()):
        told[COLUMN_LINEAGE] = dg.MetadataValue.column_lineage(dg.TableColumnLineage(traced))
    return told


def by_table(known: Known) -> Mapping[str, dict[str, Any]]:
    """Metadata of every table, as schema/name."""
    return {name: metadata(columns) for name, columns in known.tables.items()}


def described(spec: dg.AssetSpec, known: Known) -> dg.AssetSpec:
    """The asset with its table's columns, where it is one."""
    columns = known.tables.get(spec.key.to_user_string())
    return spec.merge_attributes(metadata=metadata(columns)) if columns else spec
