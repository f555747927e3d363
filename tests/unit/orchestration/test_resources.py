"""How dbt is called, and what it is told."""

from __future__ import annotations

from itertools import permutations
from subprocess import check_output

import pytest
import yaml

from orchestration import dbt
from orchestration.dbt import EXECUTABLE, PROJECT_DIR
from orchestration.destinations import NAMES
from orchestration.settings import Settings

MODEL = {"name": "fct", "schema": "marts", "columns": {}, "relation_name": "w.marts.fct"}


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
def test_the_version_of_dbt_is_known_without_asking():
    """What we tell dagster-dbt is what the command line would have said."""
    from orchestration.defs.resources import Dbt

    resource = Dbt(project_dir=str(PROJECT_DIR), dbt_executable=str(EXECUTABLE))
    assert str(resource._cli_version) in check_output([EXECUTABLE, "--version"], text=True)


def test_every_destination_says_whether_its_models_are_built():
    """Models and exposures of a destination are on when MILLRACE_DESTINATIONS names it; a name that
    is part of another would turn both on."""
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())
    for kind in ("models", "exposures"):
        folders = project[kind]["millrace"]["activation"]
        told = {name: folder for name, folder in folders.items() if not name.startswith("+")}
        assert set(NAMES) == set(told)
        assert all(f"'{name}' in env_var" in told[name]["+enabled"] for name in NAMES)
    assert not [pair for pair in permutations(NAMES, 2) if pair[0] in pair[1]]


def test_the_models_are_others_when_a_destination_is_turned_on(tmp_path):
    """What was parsed and built for some destinations is not taken for what others need; their
    order does not matter."""
    asked = [("hubspot", "meta"), ("meta", "hubspot"), ("hubspot", "meta", "slack")]
    told = [dbt.fingerprint(Settings(home=tmp_path, destinations=names)) for names in asked]
    assert told[0] == told[1] != told[2]


def test_an_asset_is_described_by_its_yaml_alone():
    """The catalog shows descriptions line by line; the SQL is in the metadata, a seed has none."""
    told = {"resource_type": "model", "description": "One row a deal.\n", "raw_code": "select 1"}
    model = dbt.Translator().get_metadata({**MODEL, **told})
    assert "One row a deal." == dbt.Translator().get_description(told)
    assert "```sql\nselect 1\n```" == model["sql"].value
    assert "sql" not in dbt.Translator().get_metadata({**MODEL, **told, "raw_code": ""})
