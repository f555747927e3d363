"""The event log as a dlt source: new positions, checked against their contracts, into raw.events.

The cursor is the warehouse itself: a run reads what lies behind the last position that is there.
dlt's own cursor moves when rows are *extracted*, so a package that fails to load and is dropped
would leave a gap. Besides, only positions that are not there are inserted. So a crash at any
moment, lost local state, a new warehouse file and the same package twice all come out right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import dlt
import duckdb
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.contracts import ContractSet, Finding
from ingestion.event_log import EventLog
from ingestion.sources.warehouse import warehouse_errors

PIPELINE_NAME: Final = "millrace_event_log"
DATASET: Final = "raw"
TABLE: Final = "events"

# Larger pages keep more Python objects alive at a time, which the garbage collector walks over.
PAGE_SIZE: Final = 10_000

SCHEMA: Final = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("event_key", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("received_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("correlation_id", pa.string(), nullable=False),
        pa.field("historical", pa.bool_(), nullable=False),
        pa.field("event_type", pa.string()),
        pa.field("contract", pa.string()),
        pa.field("problem_code", pa.string()),
        pa.field("problem_path", pa.string()),
        pa.field("body", pa.string()),
        pa.field("body_hash", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: rows that came in, and the last position in the warehouse."""

    rows: int
    head: int


@dlt.source(name="event_log", section="event_log")
def event_log_source(
    log: EventLog, contracts: ContractSet, *, page_size: int = PAGE_SIZE
) -> DltResource:
    """One resource, ``events``: Arrow tables of the rows behind the last loaded position.

    A source serves one run: make a new one for the next.
    """
    return _events(log, contracts, page_size)


@dlt.resource(
    name=TABLE,
    primary_key="position",
    write_disposition={"disposition": "merge", "strategy": "insert-only"},
)
def _events(log: EventLog, contracts: ContractSet, page_size: int) -> Iterator[pa.Table]:
    # An empty table first: the columns exist in the warehouse even when the log is empty.
    yield SCHEMA.empty_table()
    after = loaded_head(dlt.current.pipeline())
    while rows := log.rows(after=after, limit=page_size):
        yield to_table(rows, contracts)
        after = rows[-1].position


def to_table(rows: Sequence[Any], contracts: ContractSet) -> pa.Table:
    """Rows of the log (at least one), each with the finding on its content, as one Arrow table."""
    values = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    findings = list(map(contracts.check, values["source"], values["body"]))
    for name in Finding.__slots__:
        values[name] = tuple(map(attrgetter(name), findings))
    return pa.table([pa.array(values[field.name], field.type) for field in SCHEMA], schema=SCHEMA)


def create_pipeline(
    warehouse_path: Path, pipelines_dir: Path, *, progress: Any = None
) -> dlt.Pipeline:
    """The pipeline into the DuckDB file at ``warehouse_path``; its working files in
    ``pipelines_dir``. ``progress`` is one of dlt's collectors, none by default."""
    warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    dlt.config["runtime.dlthub_telemetry"] = False
    # The staged copy of a load would otherwise stay in the file until the next one.
    dlt.config["load.truncate_staging_dataset"] = True
    # What is loaded needs no second copy of people's data in dlt's working folder.
    dlt.config["load.delete_completed_jobs"] = True
    return dlt.pipeline(
        pipeline_name=PIPELINE_NAME,
        pipelines_dir=str(pipelines_dir),
        destination=dlt.destinations.duckdb(str(warehouse_path)),
        dataset_name=DATASET,
        progress=progress,
    )


def load(
    log: EventLog,
    contracts: ContractSet,
    pipeline: dlt.Pipeline,
    *,
    page_size: int = PAGE_SIZE,
) -> LoadReport:
    """Load what is new. Raises WarehouseLockedError, WarehouseUnavailableError."""
    with warehouse_errors():
        if pipeline.has_pending_data:  # what failed to load is read again, with what came since
            pipeline.abort_packages()
        before = loaded_head(pipeline)
        pipeline.run(event_log_source(log, contracts, page_size=page_size))
        head = loaded_head(pipeline)
    return LoadReport(head - before, head)


def loaded_head(pipeline: dlt.Pipeline) -> int:
    """The last position in the warehouse, 0 when nothing was loaded."""
    try:
        with pipeline.sql_client() as client:
            events = client.native_connection.table(f"{DATASET}.{TABLE}")
            row = events.max("position").fetchone()
    except duckdb.CatalogException:  # the first load of this file
        return 0
    return int(row[0] or 0) if row else 0
