"""Jobs whose last run failed: which step, with which code. Nothing of a message is told on: only
errors of our own are known to hold nothing personal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

import dagster as dg
from dagster._core.events import DagsterEvent  # what all_logs holds; not public
from dagster._core.storage.tags import AUTOMATION_CONDITION_TAG

from dbt_project import catalogue
from ingestion.errors import IngestionError
from orchestration.alerts.alert import Alert
from orchestration.errors import OrchestrationError
from reverse_etl.errors import DeliveryError

RUN_FAILED: Final = "RUN_FAILED"
CHECK_FAILED: Final = "DagsterAssetCheckFailedError"
_ENDED: Final = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_AUTOMATED_RUNS: Final = 50  # some weeks of those that follow the clock
_ROOTS: Final = (OrchestrationError, IngestionError, DeliveryError)


def failed_runs(instance: dg.DagsterInstance, jobs: Iterable[str], url: str) -> Sequence[Alert]:
    """One alert a job whose last run that ended has failed, and one an asset that was to be made
    by its automation condition and was not; `url`: of the Dagster UI."""
    found = {f"job {job}": _last(instance, job) for job in sorted(jobs)}
    found |= {f"asset {key}": run for key, run in _automated(instance).items()}
    return [
        _alert(instance, what, run, url)
        for what, run in found.items()
        if run is not None and run.status == dg.DagsterRunStatus.FAILURE
    ]


def code_of(names: Sequence[str]) -> str:
    """The code of the innermost error that has one, from the names of the errors' classes,
    outermost first."""
    known = [_codes()[name] for name in names if name in _codes()]
    return known[-1] if known else RUN_FAILED


@cache
def _codes() -> Mapping[str, str]:
    """Class → code, of every error of ours."""
    every = (kind for root in _ROOTS for kind in _family(root))
    known = {kind.__name__: getattr(kind, "code", RUN_FAILED) for kind in every}
    return {**known, CHECK_FAILED: "BUILD_FAILED"}


def _family(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


def _last(instance: dg.DagsterInstance, job: str) -> dg.DagsterRun | None:
    wanted = dg.RunsFilter(job_name=job, statuses=_ENDED)
    return next(iter(instance.get_runs(wanted, limit=1)), None)


def _automated(instance: dg.DagsterInstance) -> Mapping[str, dg.DagsterRun]:
    """Asset → the last run that ended, of those that no job's name tells of."""
    wanted = dg.RunsFilter(tags={AUTOMATION_CONDITION_TAG: "true"}, statuses=_ENDED)
    found: dict[str, dg.DagsterRun] = {}
    for run in instance.get_runs(wanted, limit=_AUTOMATED_RUNS):
        for key in run.asset_selection or ():
            found.setdefault(key.to_user_string(), run)
    return dict(sorted(found.items()))


def _alert(instance: dg.DagsterInstance, what: str, run: dg.DagsterRun, url: str) -> Alert:
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    failed = [entry.dagster_event for entry in logs if entry.dagster_event is not None]
    code = code_of(_names(failed[0])) if failed else RUN_FAILED
    step = f" at {failed[0].step_key}" if failed else ""
    return Alert(
        what.replace(" ", ":", 1),
        code,
        f"The {what} failed{step}: {catalogue.entry(code).meaning}",
        catalogue.entry(code).remedy,
        link=f"{url.rstrip('/')}/runs/{run.run_id}",
    )


def _names(event: DagsterEvent) -> Sequence[str]:
    """Classes of the error and of what caused it, outermost first."""
    error, names = event.step_failure_data.error, []
    while error is not None:
        names.append(error.cls_name or "")
        error = error.cause
    return names
