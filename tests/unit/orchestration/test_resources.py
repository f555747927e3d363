"""The resources of the Dagster definitions."""

from __future__ import annotations

from subprocess import check_output

import pytest

from orchestration.dbt import EXECUTABLE, PROJECT_DIR


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
def test_the_version_of_dbt_is_known_without_asking():
    """What we tell dagster-dbt is what the command line would have said."""
    from orchestration.defs.resources import Dbt

    resource = Dbt(project_dir=str(PROJECT_DIR), dbt_executable=str(EXECUTABLE))
    assert str(resource._cli_version) in check_output([EXECUTABLE, "--version"], text=True)
