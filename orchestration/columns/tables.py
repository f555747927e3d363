"""What a full build tells of each table: its rows, its columns, and where these come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration import figures, warehouse
from orchestration.columns import known, shown
from orchestration.dbt import fingerprint
from orchestration.incremental.told import ROW_COUNT
from orchestration.settings import Settings


def told(settings: Settings, built: Path | None) -> Mapping[str, dict[str, Any]]:
    """Metadata of each table, as schema/name. The caller holds the warehouse, which dbt has left.

    `built`: the manifest of a build of everything, whose columns are looked at where they are not
    known; None after a build of a part, which leaves them as they were.
    """
    with warehouse.connect(settings.warehouse, read_only=False) as connection:
        rows = figures.row_counts(connection)
        columns = (
            known.renew(settings.dbt_target, built, connection, fingerprint(settings))
            if built
            else known.read(settings.dbt_target)
        )
    found = shown.by_table(columns)
    return {
        name: {**found.get(name, {}), **({ROW_COUNT: rows[name]} if name in rows else {})}
        for name in {*found, *rows}
    }
