"""What became of deliveries, from the ledger into the warehouse: `raw.deliveries`, for the KPIs.

The table is written anew each time: a delivery changes as long as it lives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from reverse_etl.ledger import DeliveryFact, Ledger

PAGE_ROWS = 20_000  # each page holds the ledger's lock for some milliseconds

_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("delivery_id", pa.int64()),
        ("destination", pa.string()),
        ("action", pa.string()),
        ("mode", pa.string()),
        ("entity_key", pa.string()),
        ("person_id", pa.string()),
        ("correlation_id", pa.string()),
        ("state", pa.string()),
        ("code", pa.string()),
        ("priority", pa.int32()),
        ("attempts", pa.int32()),
        ("possible_repeats", pa.int32()),
        ("event_time", _TIME),
        ("deadline_at", _TIME),
        ("created_at", _TIME),
        ("requested_at", _TIME),
        ("last_attempt_at", _TIME),
        ("delivered_at", _TIME),
        ("updated_at", _TIME),
    ]
)


def load(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection, *, page_rows: int = PAGE_ROWS
) -> int:
    """Replace `raw.deliveries` by what the ledger holds now; returns the number of rows.

    One transaction: a reader sees the old rows or the new ones.
    """
    loaded = 0
    connection.execute("begin")
    try:
        connection.execute("create schema if not exists raw")
        connection.register("empty", to_table([]))
        connection.execute("create or replace table raw.deliveries as from empty")
        for page in _pages(ledger, page_rows):
            connection.register("page", to_table(page))
            connection.execute("insert into raw.deliveries from page")
            loaded += len(page)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return loaded


def to_table(facts: Sequence[DeliveryFact]) -> pa.Table:
    """Facts as columns; times become timestamps."""
    columns = zip(*facts, strict=True) if facts else ([] for _ in SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


def _pages(ledger: Ledger, page_rows: int) -> Iterator[list[DeliveryFact]]:
    after = 0
    while page := ledger.facts(after=after, limit=page_rows):
        yield page
        after = page[-1].delivery_id
