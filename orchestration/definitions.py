"""The Dagster code location: loads everything under defs/, nothing else."""

import warnings
from pathlib import Path

import dagster as dg

from orchestration.layers import described


@dg.definitions
def defs() -> dg.Definitions:
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # the version is locked
        return loaded.map_asset_specs(func=described)
