"""The event log as Parquet files: new positions, checked against their contracts, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from ingestion.contracts import ContractSet, Finding
from ingestion.event_log import EventLog
from ingestion.event_log.model import LogRow
from ingestion.sources.ahead import ahead

# A page is what memory holds: small, because a body may have a megabyte. Pages and parts fill
# DuckDB's vectors (2,048 rows) and row groups (60 of them) exactly; row groups that are not full
# are merged by the checkpoint, which then writes the whole table again.
PAGE_ROWS: Final = 2_048
PART_ROWS: Final = 60 * PAGE_ROWS

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
        pa.field("problem_value", pa.string()),
        pa.field("body", pa.string()),
        pa.field("body_hash", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file with rows of the log, in order of position."""

    file: Path
    rows: int


def write_parts(
    log: EventLog,
    contracts: ContractSet,
    folder: Path,
    *,
    after: int,
    part_rows: int = PART_ROWS,
) -> Iterator[Part]:
    """Files of at most ``part_rows`` rows with what lies behind position ``after``.

    There is always a first one: an empty one, when there is nothing new, still has the columns.
    """
    page_rows = min(PAGE_ROWS, part_rows)
    tables = ahead(_tables(log, contracts, after, page_rows))
    for number in count():
        file = folder / f"{number}.parquet"
        rows = 0
        with parquet.ParquetWriter(file, SCHEMA) as writer:
            for table in islice(tables, part_rows // page_rows):
                writer.write_table(table)
                rows += table.num_rows
        if rows or number == 0:
            yield Part(file, rows)
        if rows < part_rows // page_rows * page_rows:
            return


def _tables(log: EventLog, contracts: ContractSet, after: int, limit: int) -> Iterator[pa.Table]:
    while page := log.rows(after=after, limit=limit):
        yield to_table(page, contracts)
        after = page[-1].position


def to_table(rows: Sequence[LogRow], contracts: ContractSet) -> pa.Table:
    """Rows of the log (at least one), each with the finding on its content, as one Arrow table."""
    values: dict[str, Any] = dict(zip(LogRow._fields, zip(*rows, strict=True), strict=True))
    values["historical"] = list(map(bool, values["historical"]))  # SQLite knows no booleans
    findings = map(contracts.check, values["source"], values["body"], values["received_at"])
    values |= dict(zip(Finding._fields, zip(*findings, strict=True), strict=True))
    return pa.table([pa.array(values[field.name], field.type) for field in SCHEMA], schema=SCHEMA)
