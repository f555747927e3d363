"""Builds shared by the tests of the dbt project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dbt_warehouse import Warehouse


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """dbt warns about itself; that is not ours to fix."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:dbt.*"))
            # dbt drops its log file between two commands of one process without closing it.
            item.add_marker(pytest.mark.filterwarnings(r"ignore:unclosed file.*dbt\.log"))


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A seeded warehouse; tests that build on it read what they need at once."""
    from dbt_warehouse import Warehouse

    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb")
    warehouse.seed()
    return warehouse


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The project as dbt reads it for DuckDB; tests leave it as it is."""
    import portable_sql

    return portable_sql.parse("duckdb", tmp_path_factory.mktemp("manifest"))
