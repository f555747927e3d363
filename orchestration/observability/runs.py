"""How the last batches ended, from Dagster's storage; Dagster itself would take a second to import
and a hundred megabytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from orchestration.settings import Settings

JOBS: Final = ("batch", "refresh_warehouse")
_LAST: Final = """
    select pipeline_name, status, start_time, end_time
    from runs
    where pipeline_name = ? and start_time is not null and end_time is not null
    order by id desc
    limit 1
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended."""

    job: str
    succeeded: bool
    seconds: float
    ended_at: datetime


def last_runs(settings: Settings) -> tuple[Run, ...]:
    """The last run of each job that builds the warehouse; none before the first."""
    file = settings.dagster_home.resolve() / "history" / "runs.db"
    if not file.exists():
        return ()
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        found = [connection.execute(_LAST, (job,)).fetchone() for job in JOBS]
    return tuple(
        Run(job, status == "SUCCESS", end - start, datetime.fromtimestamp(end, UTC))
        for job, status, start, end in filter(None, found)
    )
