"""The Dagster code location: loads everything under defs/, and says of each asset what its layer
and its columns tell."""

import warnings
from pathlib import Path

import dagster as dg

from orchestration.columns import known, shown
from orchestration.layers import described
from orchestration.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    columns = known.read(load_settings().dbt_target)
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # the version is locked
        return loaded.map_asset_specs(func=lambda spec: shown.described(described(spec), columns))
