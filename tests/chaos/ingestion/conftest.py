"""Fixtures for tests that do harm to the gateway and its log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import PostgresCluster


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def own_postgres(postgres: PostgresCluster) -> Iterator[PostgresCluster]:
    """A cluster that the test may stop, restart and kill. (``postgres`` skips where there is no
    server.)"""
    cluster = PostgresCluster(binaries=postgres.binaries)
    yield cluster
    cluster.stop()
