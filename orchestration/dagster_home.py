"""Dagster's storage under MILLRACE_HOME: one instance for the command line, the UI and sensors."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

# One writer for the DuckDB file; nothing is reported to anybody outside.
INSTANCE_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
run_monitoring:
  enabled: true
"""


def prepare(settings: Settings) -> Path:
    """Create the folder and its dagster.yaml (an edited one is kept) and point Dagster at it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(INSTANCE_YAML)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    return settings.dagster_home


def instance(settings: Settings) -> dg.DagsterInstance:
    prepare(settings)
    return dg.DagsterInstance.get()
