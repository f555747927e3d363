"""`millrace bench load`: logged events into the warehouse's ``raw`` schema by dlt."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog, NewEvent
from ingestion.sources.event_log import create_pipeline, load
from ingestion.webhooks import SOURCES
from orchestration.bench.machine import describe_machine, own_peak_memory_mb, versions
from orchestration.bench.requests import webhook

Progress = Callable[[str], None]

_BATCH = 5_000

METHOD = (
    "{count:,} webhooks of about 1 KB in a SQLite log, loaded into a new DuckDB file by dlt, each"
    " checked against its contract; wall time of the load alone. peak_memory_mb is the whole"
    " process, the filling of the log included."
)


def measure_load(count: int, progress: Progress) -> dict[str, Any]:
    """Fill a log, load it once, and tell how long that took."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        database = f"sqlite:///{Path(folder) / 'event_log.sqlite'}"
        with closing(EventLog.open(database)) as log:
            progress(f"Logging {count:,} events")
            fill(log, count, datetime.now(UTC))
            progress("Loading them into the warehouse (dlt)")
            contracts = ContractSet.load()
            pipeline = create_pipeline(Path(folder) / "warehouse.duckdb", Path(folder) / "dlt")
            started, worked = perf_counter(), process_time()
            report = load(log, contracts, pipeline)
            seconds, worked = perf_counter() - started, process_time() - worked
        return {
            "events": report.rows,
            "seconds": round(seconds, 2),
            "events_per_second": round(report.rows / seconds),
            "cpu_seconds": round(worked, 2),
            "peak_memory_mb": own_peak_memory_mb(),
            "machine": describe_machine(),
            "versions": versions(database),
            "method": METHOD.format(count=count),
        }


def fill(log: EventLog, count: int, now: datetime) -> None:
    """Log the webhooks that `bench receive` would send."""
    for start in range(0, count, _BATCH):
        log.append([_event(number, now) for number in range(start, min(count, start + _BATCH))])


def _event(number: int, now: datetime) -> NewEvent:
    made = webhook("bench", number, now)
    source = made.path.rpartition("/")[2]
    [split] = SOURCES[source].split(made.body, made.headers)
    correlation = f"{number:032x}"
    return NewEvent(source, split.event_key, "webhook", now, made.body, made.headers, correlation)
