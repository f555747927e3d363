"""One batch: the Dagster job `batch`, run in this process and seen in the Dagster UI."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import dagster as dg
import duckdb
from dagster._core.storage.tags import MAX_RETRIES_TAG

from orchestration import dagster_home, logs, warehouse
from orchestration.dagster_launcher import PROCESS_TAG
from orchestration.errors import BuildFailedError, OrchestrationError
from orchestration.quality import breaches
from orchestration.scoring import rules
from orchestration.settings import Settings
from reverse_etl import owner

Progress = Callable[[str], None]

_failures: ContextVar[list[Exception] | None] = ContextVar("failures", default=None)

CHECK_FAILED = "DagsterAssetCheckFailedError"  # what a blocking check raises; not public
PROGRESS_LOGGER = "millrace.progress"
DBT_WORDS = "Errors parsed from dbt logs:"
STEPS = {
    "event_log": "Loading the event log into the warehouse (dlt)",
    "raw__deliveries": "Loading what was delivered, from the ledger",
    "dbt": "Building and testing the models (dbt)",
    "raw_contracts": "Checking the raw contract (Great Expectations)",
    "canonical_contracts": "Checking the canonical contracts",
    "warehouse__published": "Publishing the read copy",
    "log__mql_decisions": "Writing new decisions to the log",
    "ledger__consents": "Recording consents and what is wanted in the ledger",
    "delivered__hubspot": "Delivering to HubSpot",
    "delivered__meta": "Delivering to Meta",
    "warehouse__published_lane_parity": "Comparing the fast lane with what is published",
}


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did. `assets`: asset name → the metadata it reported; `seconds`: wall time, of
    which `loading_seconds` went by before the run began (imports, definitions); `steps`: step →
    its seconds. What is left of the run is Dagster's own."""

    run_id: str
    seconds: float
    loading_seconds: float
    steps: Mapping[str, float]
    assets: Mapping[str, Mapping[str, Any]]
    failed_checks: tuple[str, ...]


def run_batch(
    settings: Settings, *, full: bool, progress: Progress, job: str = "batch"
) -> BatchReport:
    """Load, build, check, enqueue and deliver; the job ``refresh_warehouse`` ends with publishing.

    Raises the failing step's own error where it has a code, else BuildFailedError.
    """
    started, since = time.monotonic(), time.time()
    rules.ensure_sound()
    if not full:  # a file that cannot be used is told at once, before anything heavy is imported
        with warehouse.exclusive(settings.warehouse):
            warehouse.ensure_usable(settings.warehouse)
    with logs.to_file(settings), dagster_home.instance(settings) as instance, _listening(progress):
        from orchestration.definitions import defs  # late: dbt may have to parse first

        chosen = defs().resolve_job_def(job)
        loading = time.monotonic() - started
        failures: list[Exception] = []
        _failures.set(failures)
        # A step that fails does not stop what does not depend on it: a bad destination hurts
        # only itself. What went wrong is raised at the end.
        result = chosen.execute_in_process(
            instance=instance,
            run_config=run_config(full=full),
            raise_on_error=False,
            tags={PROCESS_TAG: owner.this_process(), MAX_RETRIES_TAG: "0"},
        )
        failed = tuple(
            f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
            for evaluation in result.get_asset_check_evaluations()
            if not evaluation.passed
        )
        broken = [error for error in failures if type(error).__name__ != CHECK_FAILED]
        if broken:
            raise _named(broken[0], settings, since=since) from broken[0]
        if not result.success:
            raise BuildFailedError(
                f"The batch stopped at: {', '.join(failed) or 'an unnamed step'}.",
                remedy="Look at `millrace quality report`: it names rules and keys. Mend the data,"
                " or the rule, and run again."
                if failed
                else None,
            )
        if skipped := _skipped(result):
            raise BuildFailedError(
                f"The batch left out {', '.join(skipped[:5])}: a step before gave nothing."
            )
        return BatchReport(
            run_id=result.run_id,
            seconds=round(time.monotonic() - started, 3),
            loading_seconds=round(loading, 3),
            steps=_step_seconds(result),
            assets=_metadata(result),
            failed_checks=failed,
        )


def run_config(*, full: bool) -> dict[str, Any]:
    """Quiet on the console: progress is shown, and every event is in the UI."""
    return {"ops": {"event_log": {"config": {"full": full}}}, "loggers": {"progress": {}}}


@dg.failure_hook
def remember_failure(context: dg.HookContext) -> None:
    """Keep a step's own error for `run_batch`; Dagster's events hold only its text."""
    failures, error = _failures.get(), context.op_exception
    if failures is not None and isinstance(error, Exception):
        failures.append(error)


@dg.logger({}, description="Names the step that runs; `millrace run` shows it.")
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    return logging.getLogger(PROGRESS_LOGGER)


class _StepListener(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if event is None or event.event_type_value != "STEP_START":
            return
        if told := STEPS.get(event.step_key):
            self._progress(told)


@contextmanager
def _listening(progress: Progress) -> Iterator[None]:
    logger, listener = logging.getLogger(PROGRESS_LOGGER), _StepListener(progress)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)


def _step_seconds(result: dg.ExecuteInProcessResult) -> dict[str, float]:
    """How long each step took that succeeded, by its own clock."""
    return {
        str(event.step_key): round(event.step_success_data.duration_ms / 1000, 3)
        for event in result.all_events
        if event.event_type_value == "STEP_SUCCESS"
    }


def _skipped(result: dg.ExecuteInProcessResult) -> list[str]:
    """Steps that did not run although none failed: Dagster calls such a run a success."""
    return [
        str(event.step_key)
        for event in result.all_events
        if event.event_type_value == "STEP_SKIPPED"
    ]


def _metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    return {
        event.asset_key.to_user_string(): {
            name: entry.value
            for name, entry in event.step_materialization_data.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def _named(error: Exception, settings: Settings, *, since: float) -> Exception:
    """The error with a code inside a step's failure, or BuildFailedError with dbt's words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Exception) and hasattr(cause, "code") and hasattr(cause, "remedy"):
            return cause
        cause = cause.__cause__
    failed = _failed_models(settings, since=since)
    told = f"{len(failed)} model(s) or test(s) failed: {'; '.join(failed[:5])}" if failed else ""
    return BuildFailedError(told or f"{type(error).__name__}: {_first_words(error)}")


def _first_words(error: Exception) -> str:
    """The first line that says something: dagster-dbt puts its command before dbt's words."""
    text = str(error)
    words = (text.partition(DBT_WORDS)[2] or text).strip().splitlines()
    return words[0] if words else "no message"


def _failed_models(settings: Settings, *, since: float) -> list[str]:
    """What dbt says failed, as `model: first line of the message`; results that were written
    before `since` (seconds since 1970) belong to another batch."""
    written = settings.dbt_build / "run_results.json"
    if not written.exists() or written.stat().st_mtime < since:
        return []
    results = json.loads(written.read_text())["results"]
    return [
        f"{result['unique_id']}: {_words(settings, result)}"
        for result in results
        if result["status"] in ("error", "fail")
    ]


def _words(settings: Settings, result: Mapping[str, Any]) -> str:
    """Which columns a test of integrity is about, else the first line of dbt's message."""
    if result["status"] == "fail" and f".{breaches.KIND}" in result["unique_id"]:
        with (
            suppress(duckdb.Error, OrchestrationError),
            warehouse.connect(settings.warehouse) as connection,
        ):
            return breaches.told(connection, result["compiled_code"])
    return str(result.get("message")).splitlines()[0]
