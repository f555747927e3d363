import json
import os
import time
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import batch, definitions
from orchestration.errors import BuildFailedError, WarehouseLockedError
from orchestration.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class LoadConfig(dg.Config):
    full: bool = False


def stub_batch(monkeypatch: pytest.MonkeyPatch, *, error: Exception) -> list[str]:
    """A batch of three steps, of which `pixel` fails; returns which of the others ran."""
    ran: list[str] = []

    @dg.asset
    def event_log(config: LoadConfig) -> None:
        ran.append("event_log")

    @dg.asset(deps=[event_log])
    def pixel() -> None:
        raise error

    @dg.asset(deps=[event_log])
    def hubspot() -> None:
        ran.append("hubspot")

    job = dg.define_asset_job("batch", hooks={batch.remember_failure})
    made = dg.Definitions(
        assets=[event_log, pixel, hubspot],
        jobs=[job],
        loggers={"progress": batch.progress_logger},
    )
    monkeypatch.setattr(definitions, "defs", lambda: made)
    return ran


def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_HOME", str(home))
    batch.run_batch(Settings(home=home), full=False, progress=lambda _step: None)


def test_a_failing_step_stops_only_what_depends_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad destination hurts only itself; the batch still ends with its error."""
    ran = stub_batch(monkeypatch, error=TypeError("boom"))

    with pytest.raises(BuildFailedError, match="TypeError: boom"):
        run(tmp_path, monkeypatch)

    assert ran == ["event_log", "hubspot"]


def test_an_error_with_a_code_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user can act on reaches them as it was raised, with code and remedy."""
    told = WarehouseLockedError("Another process has it open.")
    stub_batch(monkeypatch, error=told)

    with pytest.raises(WarehouseLockedError) as raised:
        run(tmp_path, monkeypatch)

    assert raised.value is told


def test_a_breach_of_integrity_names_the_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt's own message only counts; what a test of integrity found is read again and told."""
    settings = Settings(home=tmp_path)
    failed = {
        "unique_id": "test.millrace.integrity_people.1",
        "status": "fail",
        "message": "Got 1 result, configured to fail if != 0",
        "compiled_code": "select breach, times from breaches",
    }
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create table breaches as select 'person_id is null' as breach, 1200 as times"
        )
    settings.dbt_build.mkdir(parents=True)
    results = settings.dbt_build / "run_results.json"
    results.write_text(json.dumps({"results": [failed]}))
    os.utime(results, (time.time() + 60,) * 2)  # written while the batch runs
    stub_batch(monkeypatch, error=TypeError("boom"))

    with pytest.raises(BuildFailedError, match=r"integrity_people.1: person_id is null \(1,200\)"):
        run(tmp_path, monkeypatch)
