"""Fixtures that any test may use; ``support`` beside this file is importable from all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from support.postgres import PostgresCluster, ServerMissingError

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "unhurried",
    parent=settings(),
    deadline=None,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.too_slow],
)
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Files go to the workers in their own order, not by their number of tests: acceptance tests
    are few and long, and what is begun last should be short."""
    if hasattr(config.option, "loadscopereorder"):  # there are workers
        config.option.loadscopereorder = False


@pytest.fixture(autouse=True)
def log_lines_as_usual() -> Iterator[None]:
    """What a test (or the Dagster definitions that it loads) says of log lines is its own."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL cluster that the tests of this process share: do not stop it."""
    cluster = start_postgres()
    yield cluster
    cluster.stop()


@pytest.fixture
def postgres_url(postgres: PostgresCluster) -> str:
    """A PostgreSQL database of the test's own, empty."""
    return postgres.new_database()


def start_postgres() -> PostgresCluster:
    """A new cluster; where no server is installed the test is skipped, in CI it fails."""
    try:
        return PostgresCluster()
    except ServerMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
