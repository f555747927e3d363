"""Runs that fail are told, with code and link, until one succeeds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest

from orchestration.alerts.run_failures import code_of, failed_runs
from orchestration.defs.operations.alerts import alert_failed_runs
from orchestration.errors import WarehouseLockedError

URL = "http://ui.example"
mood: dict[str, Exception | None] = {"error": None}


@dg.op
def work() -> None:
    if mood["error"] is not None:
        raise mood["error"]


@dg.job
def shift() -> None:
    work()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(instance: dg.DagsterInstance, error: Exception | None) -> str:
    mood["error"] = error
    return shift.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_a_failed_run_is_told_with_code_and_link(instance: dg.DagsterInstance) -> None:
    """The code of our own error, its remedy, the step, and where to look."""
    run_id = run(instance, WarehouseLockedError("Another process has it open."))
    (alert,) = failed_runs(instance, ["shift"], f"{URL}/")
    assert ("WAREHOUSE_LOCKED", f"{URL}/runs/{run_id}") == (alert.code, alert.link)
    assert "work" in alert.what


def test_words_of_foreign_errors_are_not_told(instance: dg.DagsterInstance) -> None:
    """A library may repeat a row in its message: class and message stay in Dagster."""
    run(instance, ValueError("cannot cast ada@example.com to a number"))
    (alert,) = failed_runs(instance, ["shift"], URL)
    assert "RUN_FAILED" == alert.code
    assert "ada@" not in repr(alert)


def test_a_run_that_succeeds_ends_the_problem(instance: dg.DagsterInstance) -> None:
    """Only the last run of a job counts; a job without runs has no problem."""
    run(instance, ValueError("no"))
    run(instance, None)
    assert [] == failed_runs(instance, ["shift", "never_ran"], URL)


def test_an_asset_that_follows_the_clock_is_told_by_its_name(instance: dg.DagsterInstance) -> None:
    """Its runs have no job of their own; a run by hand, which somebody watches, does not count."""

    @dg.asset(key=["operations", "audit"])
    def audit() -> None:
        if mood["error"] is not None:
            raise mood["error"]

    def make(error: Exception | None, **tags: str) -> None:
        mood["error"] = error
        code = dg.Definitions([audit]).resolve_implicit_global_asset_job_def()
        code.execute_in_process(
            instance=instance, asset_selection=[audit.key], tags=tags, raise_on_error=False
        )

    automated = {"dagster/from_automation_condition": "true"}
    make(ValueError("no"))
    assert [] == failed_runs(instance, [], URL)
    make(WarehouseLockedError("Another process has it open."), **automated)
    (alert,) = failed_runs(instance, [], URL)
    assert ("asset:operations/audit", "WAREHOUSE_LOCKED") == (alert.key, alert.code)
    assert "The asset operations/audit failed" in alert.what
    make(None, **automated)
    assert [] == failed_runs(instance, [], URL)


def test_the_innermost_error_of_ours_names_the_failure() -> None:
    """Dagster wraps what a step raises, and we wrap what libraries raise."""
    names = ["DagsterExecutionStepExecutionError", "BuildFailedError", "WarehouseLockedError"]
    assert "WAREHOUSE_LOCKED" == code_of([*names, "IOException"])
    assert "BUILD_FAILED" == code_of(["DagsterAssetCheckFailedError"])
    assert "LEDGER_UNAVAILABLE" == code_of(["LedgerUnavailableError"])


@pytest.fixture
def chat() -> Iterator[tuple[str, list[str]]]:
    """A webhook on loopback, and the texts that it took."""
    texts: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            texts.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/services/x", texts
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_sensor_tells_a_chat_once_and_when_it_is_over(
    instance: dg.DagsterInstance,
    chat: tuple[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failure, two looks, a success, two looks: two messages; before the chat is there, none."""
    address, texts = chat
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    cursor: str | None = None

    def look() -> str | None:
        nonlocal cursor
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, definitions=dg.Definitions(jobs=[shift])
        )
        told = alert_failed_runs.evaluate_tick(context)
        cursor = told.cursor
        return told.skip_message

    run(instance, WarehouseLockedError("Another process has it open."))
    assert "WAREHOUSE_LOCKED" in str(look())  # shown, and told to nobody
    monkeypatch.setenv("MILLRACE_ALERT_SLACK_URL", "http://127.0.0.1:1/nobody-listens")
    assert "ALERT_NOT_SENT" in str(look())
    monkeypatch.setenv("MILLRACE_ALERT_SLACK_URL", address)
    look()
    look()
    run(instance, None)
    look()
    look()

    assert 2 == len(texts)
    assert texts[0].startswith("*WAREHOUSE_LOCKED*: The job shift failed at work")
    assert texts[1].startswith("Over: The job shift failed at work")
