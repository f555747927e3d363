"""The event log as a dlt source: new positions, checked against their contracts, into raw.events.

The cursor is the warehouse itself: a run reads what lies behind the last position that is there.
dlt's own cursor moves when rows are *extracted*, so a package that fails to load and is dropped
would leave a gap. A package holds one file, which DuckDB inserts whole or not at all; the
warehouse is held from the reading of its last position to the end, and packages left over from a
crash are dropped first. So a crash at any moment, lost local state, a new warehouse file and a
package that was there already all come out right, by plain appends: a merge would write every
row twice. Rows that are there twice all the same go before the next load.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dlt
import duckdb
from dlt.extract import DltResource

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.sources.ahead import ahead
from ingestion.sources.parts import PART_ROWS, SCHEMA, Part, write_parts
from ingestion.sources.warehouse import create_file, warehouse_errors

PIPELINE_NAME: Final = "millrace_event_log"
DATASET: Final = "raw"
TABLE: Final = "events"

# While DuckDB writes one part, the next one is read and checked on the other core.
_WHILE_LOADING: Final = "set threads = 1; set memory_limit = '300MB'"

_KEEP_ONE: Final = f"""
    create or replace table {DATASET}.{TABLE} as
    select distinct on (position) * from {DATASET}.{TABLE}
"""  # noqa: S608  our own names

Run = Callable[[Any], object]
"""Runs a source through the pipeline."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: rows that came in, and the last position in the warehouse."""

    rows: int
    head: int


@dlt.source(name="event_log", section="event_log")
def event_log_source(part: Part | None = None) -> DltResource:
    """One resource, ``events``: the rows of a part; without one it only describes itself.

    A source serves one run: make a new one for the next.
    """
    return _events(part)


@dlt.resource(name=TABLE, primary_key="position", write_disposition="append")
def _events(part: Part | None) -> Iterator[Any]:
    if part is not None:
        hints = SCHEMA.empty_table()
        yield dlt.mark.with_file_import(str(part.file), "parquet", part.rows, hints)


def create_pipeline(
    warehouse_path: Path, pipelines_dir: Path, *, progress: Any = None
) -> dlt.Pipeline:
    """The pipeline into the DuckDB file at ``warehouse_path``; its working files in
    ``pipelines_dir``. ``progress`` is one of dlt's collectors, none by default."""
    warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    dlt.config["runtime.dlthub_telemetry"] = False
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
    run: Run | None = None,
    part_rows: int = PART_ROWS,
) -> LoadReport:
    """Load what is new; ``run`` is the pipeline's own unless somebody wants to watch it.

    Raises WarehouseLockedError, WarehouseUnavailableError.
    """
    with (
        warehouse_errors(),
        _held(pipeline) as warehouse,
        _empty_folder(pipeline) as folder,
        _spared_collector(),
    ):
        if pipeline.has_pending_data:  # what failed to load is read again, with what came since
            pipeline.abort_packages()
        before = _head(warehouse)
        _drop_repeats(warehouse)
        for part in ahead(write_parts(log, contracts, folder, after=before, part_rows=part_rows)):
            (run or pipeline.run)(event_log_source(part))
            part.file.unlink()
        head = _head(warehouse)
    return LoadReport(head - before, head)


@contextmanager
def _held(pipeline: dlt.Pipeline) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, kept open: no other process comes between, and the connections that dlt opens
    and closes do not each close the database, which would write a checkpoint."""
    create_file(Path(pipeline.destination.config_params["credentials"]))
    with pipeline.sql_client() as client:
        connection: duckdb.DuckDBPyConnection = client.native_connection
        connection.execute(_WHILE_LOADING)
        yield connection


@contextmanager
def _spared_collector() -> Iterator[None]:
    """Leave what exists now to itself: pages of rows make the garbage collector walk over all that
    dlt and others have imported, which takes a third of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _empty_folder(pipeline: dlt.Pipeline) -> Iterator[Path]:
    """A folder beside dlt's own, so that dlt links a part's file instead of copying it."""
    folder = Path(pipeline.pipelines_dir) / f"{PIPELINE_NAME}_parts"
    shutil.rmtree(folder, ignore_errors=True)  # a crash may have left people's data
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _drop_repeats(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Keep each position once: a job of dlt that is tried again after its commit was lost to it
    appends the same rows a second time."""
    try:
        events = warehouse.table(f"{DATASET}.{TABLE}")
    except duckdb.CatalogException:  # the first load of this file
        return
    if events.aggregate("count(*) > count(distinct position)").fetchone() == (True,):
        warehouse.execute(_KEEP_ONE)


def _head(warehouse: duckdb.DuckDBPyConnection) -> int:
    """The last position in the warehouse, 0 when nothing was loaded."""
    try:
        row = warehouse.table(f"{DATASET}.{TABLE}").max("position").fetchone()
    except duckdb.CatalogException:  # the first load of this file
        return 0
    return int(row[0] or 0) if row else 0
