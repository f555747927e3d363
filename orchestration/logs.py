"""Where structured log lines go: JSON to stderr for the service, to a file for other commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, TextIO

import structlog

from ingestion.gateway.request_log import RequestLog, request_log
from orchestration.redaction import redacted
from orchestration.settings import Settings


def to_stderr(settings: Settings) -> None:
    """For `millrace serve`: one JSON line an event, for whatever collects them."""
    _configure(sys.stderr, settings)


def in_dagster(settings: Settings) -> None:
    """For Dagster's own processes, where no command has said where lines go."""
    if not structlog.is_configured():
        to_stderr(settings)


def requests(settings: Settings) -> RequestLog:
    """The gateway's lines; none where lines of information are not wanted."""
    return request_log() if _level(settings) <= logging.INFO else _NoLines()


@contextmanager
def to_file(settings: Settings) -> Iterator[None]:
    """For commands that talk to a person or a program: log lines and what tools print (dbt says
    a lot) go to `<home>/logs/batch.log`, so that stdout holds the answer alone."""
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    before = structlog.get_config()
    with (folder / "batch.log").open("a") as file, redirect_stdout(file):
        _configure(file, settings)
        try:
            yield
        finally:  # or the next line would go to a closed file, and stop whoever says it
            structlog.configure(**before)


def _configure(stream: TextIO, settings: Settings) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_run,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redacted,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _with_run(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Which run and step of Dagster says it, where one does."""
    dagster = sys.modules.get("dagster")  # the service does without it
    if dagster is not None:
        with suppress(dagster.DagsterInvariantViolationError):  # no step is running
            context = dagster.OpExecutionContext.get()
            line.update(run_id=context.run_id, step=str(context.op_handle))
    return line


class _NoLines:
    def info(self, event: str, **facts: Any) -> None:
        """Nothing."""
