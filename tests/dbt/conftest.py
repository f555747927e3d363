"""Builds shared by the tests of the dbt project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """dbt and its parsers warn about themselves; that is not ours to fix."""
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:dbt.*"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:  # noqa: F821
    """A seeded warehouse; tests that build on it read what they need at once."""
    from dbt_warehouse import Warehouse

    path = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    before = os.environ.get("MILLRACE_WAREHOUSE")
    os.environ["MILLRACE_WAREHOUSE"] = str(path)
    try:
        warehouse = Warehouse(path)
        warehouse.seed()
        yield warehouse
    finally:
        if before is None:
            del os.environ["MILLRACE_WAREHOUSE"]
        else:
            os.environ["MILLRACE_WAREHOUSE"] = before
