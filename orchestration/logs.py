"""Where structured log lines go: JSON to stderr for the service, to a file for other commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

import structlog

from orchestration.settings import Settings


def to_stderr() -> None:
    """For `millrace serve`: one JSON line an event, for whatever collects them."""
    _configure(sys.stderr)


@contextmanager
def to_file(settings: Settings) -> Iterator[None]:
    """For commands that talk to a person or a program: log lines and what tools print (dbt says
    a lot) go to `<home>/logs/batch.log`, so that stdout holds the answer alone."""
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    before = structlog.get_config()
    with (folder / "batch.log").open("a") as file, redirect_stdout(file):
        _configure(file)
        try:
            yield
        finally:  # or the next line would go to a closed file, and stop whoever says it
            structlog.configure(**before)


def _configure(stream: TextIO) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
