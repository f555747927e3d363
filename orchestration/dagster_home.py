"""Dagster's storage under MILLRACE_HOME: one instance for the command line, the UI and sensors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

# One run at a time works on the DuckDB file; nothing is reported to anybody outside.
INSTANCE_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 1
    granularity: run
run_monitoring:
  enabled: true
event_log_storage:
  module: orchestration.dagster_storage
  class: EventLogStorage
  config:
    base_dir: {history}
"""
WORKSPACE_YAML = """\
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: millrace
"""


def prepare(settings: Settings) -> Path:
    """Create the folder with its two files (edited ones are kept) and point Dagster at it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    history = settings.dagster_home.resolve() / "history" / "runs"
    instance_yaml = INSTANCE_YAML.format(history=json.dumps(str(history)))
    for name, text in (("dagster.yaml", instance_yaml), ("workspace.yaml", WORKSPACE_YAML)):
        file = settings.dagster_home / name
        if not file.exists():
            file.write_text(text)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    return settings.dagster_home


def instance(settings: Settings) -> dg.DagsterInstance:
    prepare(settings)
    return dg.DagsterInstance.get()
