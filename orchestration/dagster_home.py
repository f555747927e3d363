"""Dagster's home under MILLRACE_HOME: one instance for the command line, the UI and sensors.

Its runs and events are in files there, or in PostgreSQL (`MILLRACE_DAGSTER_URL`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings

URL_VARIABLE = "MILLRACE_DAGSTER_URL"
MARK = "# Written by Millrace from its settings; remove this line to keep changes."
# One run at a time works on the DuckDB file; nothing is reported to anybody outside. A run whose
# process is gone is failed, and tried once more where no sensor asks for it again.
INSTANCE_YAML = f"""\
{MARK}
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 10
  pools:
    default_limit: 1
    granularity: run
run_launcher:
  module: orchestration.dagster_launcher
  class: RunLauncher
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  cancel_timeout_seconds: 180
  max_runtime_seconds: 43200
  poll_interval_seconds: 30
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""
ON_FILES = """\
event_log_storage:
  module: orchestration.dagster_storage
  class: EventLogStorage
  config:
    base_dir: {history}
"""
# The address, which holds a password, stays in the environment.
ON_POSTGRESQL = f"""\
storage:
  postgres:
    postgres_url:
      env: {URL_VARIABLE}
"""
WORKSPACE = f"""\
{MARK}
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: millrace
"""


def prepare(settings: Settings) -> Path:
    """Create the folder with its two files (edited ones are kept) and point Dagster at it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    for name, text in (("dagster.yaml", _instance_yaml(settings)), ("workspace.yaml", WORKSPACE)):
        file = settings.dagster_home / name
        if not file.exists() or file.read_text().startswith(MARK):
            _replace(file, text)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    if settings.dagster_url:
        os.environ[URL_VARIABLE] = settings.dagster_url
    return settings.dagster_home


def _instance_yaml(settings: Settings) -> str:
    history = settings.dagster_home.resolve() / "history" / "runs"
    storage = ON_POSTGRESQL if settings.dagster_url else ON_FILES
    return INSTANCE_YAML + storage.replace("{history}", json.dumps(str(history)))


def _replace(file: Path, text: str) -> None:
    """Whole or not at all: other processes of Dagster read it at any time."""
    if file.exists() and file.read_text() == text:
        return
    staged = file.with_suffix(f".{os.getpid()}")
    staged.write_text(text)
    staged.replace(file)


def instance(settings: Settings) -> dg.DagsterInstance:
    prepare(settings)
    return dg.DagsterInstance.get()
