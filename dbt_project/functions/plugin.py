"""dbt-duckdb plugin: every dbt connection gets the shared functions."""

from __future__ import annotations

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from dbt_project.functions.register import register


class Plugin(BasePlugin):  # type: ignore[misc]  # dbt ships no type information
    """Loaded by name from profiles.yml (``plugins: - module: dbt_project.functions.plugin``)."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        register(conn)
