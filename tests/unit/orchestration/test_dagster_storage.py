"""Our storage of Dagster's events: the same files, read by Dagster's own."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import dagster_home
from orchestration.dagster_storage import EventLogStorage
from orchestration.settings import Settings


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="leads")])
def leads() -> dg.MaterializeResult:  # type: ignore[type-arg]  # see deliveries.py
    """An asset with a check."""
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", "")  # `prepare` sets it for the process
    with dagster_home.instance(Settings(home=tmp_path / "it's {home}")) as instance:
        yield instance


def storage(instance: dg.DagsterInstance) -> EventLogStorage:
    found = instance.event_log_storage
    assert isinstance(found, EventLogStorage)
    return found


def test_dagsters_own_storage_reads_what_ours_wrote(instance: dg.DagsterInstance) -> None:
    """Runs, asset keys and checks of a run are the same through either."""
    run = dg.materialize([leads], instance=instance)
    ours = storage(instance)
    own = SqliteEventLogStorage(str(Path(ours.path_for_shard("index")).parent))
    assert len(ours.get_logs_for_run(run.run_id)) > 5
    assert ours.get_logs_for_run(run.run_id) == own.get_logs_for_run(run.run_id)
    assert [dg.AssetKey("leads")] == list(own.all_asset_keys())
    key = dg.AssetCheckKey(dg.AssetKey("leads"), "sound")
    assert 1 == len(own.get_asset_check_execution_history(key, limit=10))


def test_few_files_stay_open(instance: dg.DagsterInstance) -> None:
    """However many runs there were, a handful of connections is kept, and old runs still read."""
    runs = [dg.materialize([leads], instance=instance).run_id for _ in range(12)]
    assert len(storage(instance)._engines) <= 8
    assert all(storage(instance).get_logs_for_run(run) for run in runs)


def test_everything_can_be_wiped(instance: dg.DagsterInstance) -> None:
    """After a wipe there is nothing, and new runs are stored."""
    dg.materialize([leads], instance=instance)
    storage(instance).wipe()
    assert not storage(instance).all_asset_keys()
    dg.materialize([leads], instance=instance)
    assert storage(instance).all_asset_keys()
