"""Every sensor, in an installation where something is broken."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._core.test_utils import create_run_for_test

from ingestion.event_log import EventLog, NewEvent
from orchestration import dagster_home
from orchestration.settings import load_settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries, at import
    from orchestration.defs.operations.alerts import alert_sensors
    from orchestration.defs.operations.sensors import automated, sensors
    from orchestration.defs.operations.velocity import lead_velocity_definitions

GARBAGE = b"this is no database, and long enough to be read as one " * 40
PUBLISHED = '{"published_at": "2026-03-02T12:00:00+00:00", "log_position": 1, "digests": {}}'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with nothing in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    (tmp_path / "published").mkdir()
    return tmp_path


@cache
def every_sensor() -> list[dg.SensorDefinition]:
    parts = (sensors(), alert_sensors(), lead_velocity_definitions())
    found = [sensor for part in parts for sensor in part.sensors or ()]
    return [each for each in found if each is not automated]  # type: ignore[misc]


def names() -> list[str]:
    return [sensor.name for sensor in every_sensor()]


def nothing(_home: Path) -> None:
    """As on the first day."""


def broken_log(home: Path) -> None:
    (home / "event_log.sqlite").write_bytes(GARBAGE)


def broken_ledger(home: Path) -> None:
    (home / "ledger.sqlite").write_bytes(GARBAGE)


def log_is_a_folder(home: Path) -> None:
    (home / "event_log.sqlite").mkdir()


def broken_publication(home: Path) -> None:
    (home / "published" / "publication.json").write_text("{")


def copy_is_gone(home: Path) -> None:
    (home / "published" / "publication.json").write_text(PUBLISHED)


def broken_copy(home: Path) -> None:
    copy_is_gone(home)
    (home / "published" / "warehouse.duckdb").write_bytes(GARBAGE)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def evaluate(name: str, instance: dg.DagsterInstance) -> str | None:
    """Look once; the reason to do nothing."""
    (sensor,) = [each for each in every_sensor() if each.name == name]
    return sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).skip_message


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(
    "breaks",
    [
        nothing,
        broken_log,
        log_is_a_folder,
        broken_ledger,
        broken_publication,
        copy_is_gone,
        broken_copy,
    ],
)
def test_a_sensor_outlives_a_broken_store(
    name: str, breaks: Any, home: Path, instance: dg.DagsterInstance
) -> None:
    """Whatever is missing or broken: no sensor fails, and what it says has a code."""
    breaks(home)
    reason = evaluate(name, instance)
    if reason is None:
        assert name in ("mql_push", "conversion_push", "lead_velocity")  # these had work to do
    needs = {"broken_log": "new_log_rows", "broken_ledger": "alert_breakers"}
    if needs.get(breaks.__name__) == name:
        assert reason is not None
        assert reason.partition(":")[0] in ("LOG_UNAVAILABLE", "LEDGER_UNAVAILABLE")


def test_what_a_sensor_asks_for_is_tried_again_by_nobody_else(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's own retry of a run that died, beside the sensor's, would make two."""
    with closing(EventLog.open(f"sqlite:///{home}/event_log.sqlite")) as log:
        log.append([NewEvent("shop", "1", "webhook", datetime.now(UTC), b"{}", {}, "c")])
    (sensor,) = [each for each in every_sensor() if each.name == "new_log_rows"]
    (request,) = sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).run_requests or ()
    monkeypatch.setenv("DAGSTER_HOME", "")  # `instance` sets it
    with dagster_home.instance(load_settings()) as real:
        died = [
            create_run_for_test(real, status=dg.DagsterRunStatus.FAILURE, tags=tags)
            for tags in ({}, request.tags)
        ]
        tried = [auto_reexecution_should_retry_run(real, run, None) for run in died]
    assert [True, False] == tried


def test_all_sensors_are_tried() -> None:
    """The list above is the list of the code location, but for Dagster's own sensor."""
    defs = Path("orchestration/defs")
    files = (Path(__file__).resolve().parents[3] / defs).rglob("*.py")
    assert {"sensors.py", "alerts.py", "velocity.py"} == {
        path.name for path in files if "SensorResult" in path.read_text()
    }


def test_a_defect_is_no_reason_to_wait() -> None:
    """What has no code is a bug: the tick fails, and the UI shows it."""
    from orchestration.ticks import patient

    def broken(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        patient(broken)(dg.build_sensor_context())
