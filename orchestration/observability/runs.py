"""How the last batches ended, from Dagster's storage; Dagster itself would take a second to import
and a hundred megabytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg

from orchestration.settings import Settings

JOBS: Final = ("batch", "refresh_warehouse")
_LAST: Final = """
    select pipeline_name, status, start_time, end_time
    from runs
    where pipeline_name = {job} and start_time is not null and end_time is not null
    order by id desc
    limit 1
"""


_Row = tuple[str, str, float, float]
_PATIENCE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended."""

    job: str
    succeeded: bool
    seconds: float
    ended_at: datetime


def last_runs(settings: Settings) -> tuple[Run, ...]:
    """The last run of each job that builds the warehouse; none before the first.

    Raises what sqlite3 or psycopg raise where the storage cannot be read.
    """
    url = settings.dagster_url
    found = _on_postgresql(url) if url else _on_files(settings.dagster_home)
    return tuple(
        Run(job, status == "SUCCESS", end - start, datetime.fromtimestamp(end, UTC))
        for job, status, start, end in found
    )


def _on_files(home: Path) -> list[_Row]:
    file = home.resolve() / "history" / "runs.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        query = _LAST.format(job="?")
        found = [connection.execute(query, (job,)).fetchone() for job in JOBS]
    return [row for row in found if row]


def _on_postgresql(url: str) -> list[_Row]:
    with psycopg.connect(url, autocommit=True, connect_timeout=_PATIENCE_SECONDS) as connection:
        if connection.execute("select to_regclass('runs')").fetchone() == (None,):
            return []
        found = [connection.execute(_LAST.format(job="%s"), (job,)).fetchone() for job in JOBS]
    return [row for row in found if row]
