"""Fixtures of the acceptance tests; the processes themselves are in harness.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Installation, Parsed


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """What dbt read of the project in the first home, for the homes after it."""
    return Parsed(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def installation(parsed: Parsed, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A module's own installation. All have the same path, one after the other: dbt uses what it
    parsed before only where the warehouse is still the same file."""
    made = Installation(parsed.folder / "home", parsed)
    yield made
    made.stop()
    parsed.keep(made.home)
    made.home.rename(parsed.folder / f"home-{request.module.__name__}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; absent on a user's machine (skip), a failure in CI."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not folder.is_dir():
        message = "the real data sets are not beside the checkout"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
