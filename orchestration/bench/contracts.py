"""`millrace bench contracts`: the data contracts of some tables over many rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import duckdb

from orchestration.bench.machine import describe_machine, own_peak_memory_mb, versions
from orchestration.dbt import ensure_manifest
from orchestration.quality import borders, contracts, runner
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Contract
from orchestration.quality.results import CONTRACT
from orchestration.settings import Settings

Progress = Callable[[str], None]

PERSON: Final = "'p_' || left(md5(i::varchar), 24)"
EVERY: Final = 1_000
"""One row of so many breaks a rule."""

_BROKEN: Final = f"i % {EVERY} = 0"
_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "dim_people": {
        "person_id": PERSON,
        "lifecycle_stage": f"case when {_BROKEN} then 'stranger' else 'lead' end",
        "score": "i % 100",
    },
    "dim_consents": {
        "person_id": PERSON,
        "status": f"case when {_BROKEN} then 'perhaps' else 'granted' end",
    },
    "fct_scores": {
        "person_id": f"case when {_BROKEN} then 'p_nobody' else {PERSON} end",
        "version": "i::varchar",
        "total": "i % 100",
        "fit": "i % 50",
        "engagement": "i % 50",
    },
    "act_hubspot__contacts": {
        "entity_key": PERSON,
        "person_id": PERSON,
        "mode": "'state'",
        "consent_status": "'granted'",
        "payload_hash": "sha256(i::varchar)",
        "payload": f"""
            json_object('properties', json_object(
                'email', case when {_BROKEN} then 'nobody' else i || '@example.com' end,
                'lifecyclestage', 'lead', 'millrace_id', {PERSON}
            ))
        """,
    },
}
"""Table → column → what it holds; other columns hold something of their type."""

METHOD: Final = (
    "{rows:,} rows in each of {tables} tables in DuckDB, made from the YAML of the models, of which"
    " one in {every:,} breaks a rule; making them is out. `tables` has the seconds of each contract"
    " (SQL that finds suspect rows, Great Expectations on these and a sample, failing keys),"
    " `seconds` their sum, `start_seconds` the import of Great Expectations, `unchanged_seconds`"
    " the look at a table that passed and has not changed since. `found` counts the failing rows."
)


def measure_contracts(rows: int, progress: Progress) -> dict[str, Any]:
    """Check tables of so many rows each, and whether everything broken is found."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        settings = Settings(home=Path(name), destinations=("hubspot",))
        progress("Reading the project (dbt)")
        promised = _chosen(contracts.read(ensure_manifest(settings)))
        started = perf_counter()
        runner.warm()
        start = perf_counter() - started
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
            for contract in _all(promised):
                progress(f"Making {rows:,} rows of {contract.table}")
                _make(connection, contract, rows)
            tables, found = _measure(connection, promised, progress)
            unchanged = _unchanged(connection, promised, settings.quality)
    return {
        "rows": rows,
        "seconds": round(sum(tables.values()), 2),
        "start_seconds": round(start, 2),
        "unchanged_seconds": unchanged,
        "broken": rows // EVERY * len(tables),
        "found": found,
        "tables": tables,
        "peak_memory_mb": own_peak_memory_mb(),
        "machine": describe_machine(),
        "versions": versions("sqlite://", "great-expectations", "pandas"),
        "method": METHOD.format(rows=rows, tables=len(tables), every=EVERY),
    }


def _chosen(found: Contracts) -> Contracts:
    return Contracts(
        found.raw,
        tuple(each for each in found.canonical if each.table in _TABLES),
        {table: each for table, each in found.activation.items() if table in _TABLES},
    )


def _all(promised: Contracts) -> tuple[Contract, ...]:
    return (*promised.canonical, *promised.activation.values())


def _make(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: int) -> None:
    made = _TABLES[contract.table]
    columns = ", ".join(
        f"cast({made.get(name, _some(kind))} as {kind}) as {name}"
        for name, kind in contract.types.items()
    )
    connection.execute(f"create schema if not exists {contract.schema}")
    connection.execute(
        f"create table {contract.name} as select {columns} from range(1, {rows} + 1) as made(i)"  # noqa: S608
    )


def _some(kind: str) -> str:
    if kind.startswith(("timestamp", "date")):
        return "timestamptz '2026-01-01' + to_seconds(i)"
    return {"varchar": "'some ' || i % 1000", "boolean": "true"}.get(kind, "1")


def _measure(
    connection: duckdb.DuckDBPyConnection, promised: Contracts, progress: Progress
) -> tuple[dict[str, float], int]:
    seconds: dict[str, float] = {}
    found = 0
    for contract in _all(promised):
        progress(f"Checking {contract.table}: {len(contract.rules)} rules")
        started = perf_counter()
        report = runner.check_table(connection, contract)
        seconds[contract.table] = round(perf_counter() - started, 2)
        found += len(report.broken_rules)
    return seconds, found


def _unchanged(connection: duckdb.DuckDBPyConnection, promised: Contracts, folder: Path) -> float:
    """Of the largest table, after its rows were mended and had passed."""
    people = next(each for each in promised.canonical if each.table == "dim_people")
    connection.execute("update marts.dim_people set lifecycle_stage = 'lead'")
    seconds = 0.0
    for _ in range(2):
        [(result, _)] = borders.check_border(
            connection,
            Contracts(promised.raw, (people,), {}),
            "canonical",
            folder=folder,
            run="bench",
            now=datetime.now(UTC),
            wanted=lambda _table, name: name == CONTRACT,
        )
        seconds = result.seconds
    return seconds
