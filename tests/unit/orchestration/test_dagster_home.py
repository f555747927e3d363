"""Dagster's home: where its runs are kept, and that it notices runs whose process is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from orchestration import dagster_home
from orchestration.dagster_launcher import PROCESS_TAG, RunLauncher
from orchestration.errors import SettingError
from orchestration.network import require_free
from orchestration.settings import Settings, load_settings
from reverse_etl import owner


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare` sets these for the process."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv(dagster_home.URL_VARIABLE, "")


@dg.asset
def leads() -> None:
    """An asset."""


@pytest.mark.slow  # a new cluster, and all of Dagster's tables
def test_runs_are_kept_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """By its address in the environment: no file of Dagster's home holds it."""
    settings = Settings(home=tmp_path, dagster_url=postgres_url, _env_file=None)  # type: ignore[call-arg]
    with dagster_home.instance(settings) as instance:
        run = dg.materialize([leads], instance=instance)
    with dagster_home.instance(settings) as instance:
        assert "Postgres" in type(instance.run_storage).__name__
        assert dg.DagsterRunStatus.SUCCESS == instance.get_run_by_id(run.run_id).status  # type: ignore[union-attr]
        assert 1 == instance.get_concurrency_config().pool_config.default_pool_limit
    assert postgres_url not in "".join(file.read_text() for file in tmp_path.rglob("*.yaml"))


def test_settings_that_change_change_the_file(tmp_path: Path) -> None:
    """Until somebody takes it over by removing its first line."""
    file = dagster_home.prepare(Settings(home=tmp_path, _env_file=None)) / "dagster.yaml"  # type: ignore[call-arg]
    assert "dagster_storage" in file.read_text()
    server = Settings(home=tmp_path, dagster_url="postgresql://h/d", _env_file=None)  # type: ignore[call-arg]
    dagster_home.prepare(server)
    assert "dagster_storage" not in file.read_text()
    edited = file.read_text().removeprefix(dagster_home.MARK)
    file.write_text(edited)
    dagster_home.prepare(Settings(home=tmp_path, _env_file=None))  # type: ignore[call-arg]
    assert edited == file.read_text()


def test_only_postgresql_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another address is refused by the name of its variable, not by its value."""
    monkeypatch.setenv(dagster_home.URL_VARIABLE, "mysql://me:secret@host/db")
    with pytest.raises(SettingError, match="MILLRACE_DAGSTER_URL") as raised:
        load_settings()
    assert "secret" not in str(raised.value)


def dead_process() -> str:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return f"{owner.this_process().partition('/')[0]}/{process.pid}"


def nobody(port: int = 0) -> str:
    """A code server that is not there."""
    return json.dumps({"host": "127.0.0.1", "port": port or require_nobody()})


def require_nobody() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    require_free("127.0.0.1", port)
    return port


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ({}, WorkerStatus.RUNNING),
        ({PROCESS_TAG: owner.this_process()}, WorkerStatus.RUNNING),
        ({PROCESS_TAG: "another-host/1"}, WorkerStatus.RUNNING),
        ({PROCESS_TAG: dead_process()}, WorkerStatus.FAILED),
        ({GRPC_INFO_TAG: nobody()}, WorkerStatus.FAILED),
    ],
    ids=["nothing is known", "alive", "elsewhere", "dead", "no server"],
)
def test_a_run_is_given_up_only_when_it_is_gone(
    tags: Mapping[str, str], status: WorkerStatus
) -> None:
    """Dagster fails whatever is not reported as running, so what cannot be told is."""
    run = dg.DagsterRun(job_name="batch", run_id="r", tags=tags)
    assert status == RunLauncher().check_run_worker_health(run).status


def test_dagster_fails_a_run_whose_process_is_gone(tmp_path: Path) -> None:
    """Its daemon looks after started runs, and the pool is free again."""
    import logging

    from dagster._core.test_utils import create_run_for_test
    from dagster._daemon.monitoring.run_monitoring import monitor_started_run

    settings = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    with dagster_home.instance(settings) as instance:
        run = create_run_for_test(
            instance, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: dead_process()}
        )
        [record] = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
        monitor_started_run(instance, None, record, logging.getLogger("test"))  # type: ignore[arg-type]
        assert dg.DagsterRunStatus.FAILURE == instance.get_run_by_id(run.run_id).status  # type: ignore[union-attr]
    assert os.environ["DAGSTER_HOME"] == str(settings.dagster_home)
