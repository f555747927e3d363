"""Dagster's launcher of runs, which also sees that a run's process is gone.

Dagster's own cannot tell: a run whose machine lost power would count as under way for ever, keep
the warehouse's pool to itself, and hold back the sensors. Dagster's daemon asks this one every
minute or two (`run_monitoring`); a run that is gone is marked as failed, and asked for again.
"""

from __future__ import annotations

import json
from typing import Any, Final

import grpc  # type: ignore[import-untyped]  # it ships none
from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

from reverse_etl import owner

PROCESS_TAG: Final = "millrace/process"
"""On a run of `millrace run`: the process that it is part of."""

_SECONDS: Final = 10
_ALIVE: Final = CheckRunHealthResult(WorkerStatus.RUNNING)


class RunLauncher(DefaultRunLauncher):
    """As Dagster's; a run is alive while the code server knows it, or its own process lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """FAILED only when the run is certainly gone: Dagster gives up all but living ones."""
        process, server = run.tags.get(PROCESS_TAG), run.tags.get(GRPC_INFO_TAG)
        if process is not None and owner.is_dead(process):
            return _gone(f"process {process} ended")
        if process is None and server is not None and not _known(json.loads(server), run.run_id):
            return _gone("its code server no longer knows it")
        return _ALIVE


def _gone(why: str) -> CheckRunHealthResult:
    return CheckRunHealthResult(WorkerStatus.FAILED, f"The run is gone: {why}.")


def _known(server: dict[str, Any], run_id: str) -> bool:
    """Whether the server that started the run still has it; nobody there means no. Should a run
    outlive its server, the warehouse's lock and the ledger's leases keep it and its successor
    apart."""
    client = DagsterGrpcClient(
        host=server["host"],
        port=server.get("port"),
        socket=server.get("socket"),
        use_ssl=bool(server.get("use_ssl")),
    )
    try:
        answer = client.can_cancel_execution(
            CanCancelExecutionRequest(run_id=run_id), timeout=_SECONDS
        )
    except DagsterUserCodeUnreachableError as error:
        return not _nobody_there(error)
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _nobody_there(error: DagsterUserCodeUnreachableError) -> bool:
    """Refused, not merely slow."""
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() == grpc.StatusCode.UNAVAILABLE
