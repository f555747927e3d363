from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import structlog

from orchestration import logs
from orchestration.errors import SettingError
from orchestration.settings import Settings, load_settings


def test_a_log_file_is_left_as_it_was_found(tmp_path: Path, capsys) -> None:
    """Lines go to the file while a command runs, and afterwards to where they went before: not to
    the closed file, where the next line would raise and stop whoever says it."""
    with logs.to_file(Settings(home=tmp_path)):
        structlog.get_logger().info("inside")

    structlog.get_logger().info("outside")

    written = (tmp_path / "logs" / "batch.log").read_text()
    assert "inside" in written
    assert "outside" not in written
    assert "outside" in capsys.readouterr().out


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """What stands in the log after an act."""

    def written(act: Callable[[], object], **settings: Any) -> list[dict[str, Any]]:
        with logs.to_file(Settings(home=tmp_path, **settings)):
            act()
        text = (tmp_path / "logs" / "batch.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    return written


def test_a_step_of_dagster_says_which_run_it_is(lines: Any) -> None:
    """Whatever is logged within it names run and step, whoever logs it."""
    runs: list[str] = []

    @dg.op
    def deliver() -> None:
        runs.append(dg.OpExecutionContext.get().run_id)
        structlog.get_logger("reverse_etl.dispatch").info("delivery_attempt", correlation_id="c")

    @dg.job
    def push() -> None:
        deliver()

    told = lines(lambda: (push.execute_in_process(), structlog.get_logger().info("after")))
    [inside] = [line for line in told if line["event"] == "delivery_attempt"]
    [after] = [line for line in told if line["event"] == "after"]
    assert (runs[0], "deliver", "c") == (inside["run_id"], inside["step"], inside["correlation_id"])
    assert "run_id" not in after


@pytest.mark.parametrize(
    ("level", "expected"), [("debug", "dwe"), ("INFO", "we"), ("warning", "we"), ("error", "e")]
)
def test_lines_below_the_level_are_not_written(lines: Any, level: str, expected: str) -> None:
    """Of the service's processes too, which are given the same settings."""

    def say() -> None:
        log = structlog.get_logger()
        log.debug("d")
        log.warning("w")
        log.error("e")

    assert expected == "".join(line["event"] for line in lines(say, log_level=level))


def test_the_gateways_lines_are_of_level_info(tmp_path: Path) -> None:
    """Whoever wants warnings alone does not get a line for each request."""
    quiet = logs.requests(Settings(home=tmp_path, log_level="warning"))
    quiet.info("webhook", status=200)
    assert type(quiet) is not type(logs.requests(Settings(home=tmp_path)))


def test_a_level_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of the variable."""
    monkeypatch.setenv("MILLRACE_LOG_LEVEL", "loud")
    with pytest.raises(SettingError, match="MILLRACE_LOG_LEVEL"):
        load_settings()


def test_a_traceback_says_nothing_of_a_person(lines: Any) -> None:
    """A library's message may quote what it was given."""

    def fail() -> None:
        try:
            raise ValueError("hanna.hot@brightforge.io, +49 151 2345678")
        except ValueError:
            structlog.get_logger().exception("failed", tried=["hanna.hot@brightforge.io"])

    [line] = lines(fail)
    assert "hanna" not in json.dumps(line)
    assert "2345678" not in json.dumps(line)
    assert "ValueError: <email>, <phone>" in line["exception"]


def test_dagsters_own_processes_log_json(tmp_path: Path, capsys: Any) -> None:
    """Where no command has said otherwise; what one has said stands."""
    logs.in_dagster(Settings(home=tmp_path))
    structlog.get_logger().info("said")
    assert "said" == json.loads(capsys.readouterr().err)["event"]
    with logs.to_file(Settings(home=tmp_path)):
        logs.in_dagster(Settings(home=tmp_path))
        structlog.get_logger().info("kept")
    assert "kept" in (tmp_path / "logs" / "batch.log").read_text()
