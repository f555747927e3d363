"""What a test named `integrity` found: columns and counts, so that it may be shown to anybody."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

KIND = "integrity_"
"""How dbt begins the names of these tests."""


def told(connection: DuckDBPyConnection, sql: str) -> str:
    """The breaches that the compiled test yields, as `person_id is null (3), …`."""
    breaches = connection.execute(f"select breach, times from ({sql})").fetchall()
    return ", ".join(f"{breach} ({times:,})" for breach, times in breaches)
