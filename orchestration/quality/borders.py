"""Check a border as a batch does: its contracts and measures, only what has changed, and keep what
came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import perf_counter

import duckdb

from orchestration.first_events import Awaited
from orchestration.quality import measured, page, results, runner, schema
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Border, Contract
from orchestration.quality.measured import MEASURES, Asked, Measure
from orchestration.quality.report import Failure, Report, merged
from orchestration.quality.results import CONTRACT, Result

Wanted = Callable[[str, str], bool]
"""Whether this check of this table is asked for."""


def check_border(
    connection: duckdb.DuckDBPyConnection,
    contracts: Contracts,
    border: Border,
    *,
    folder: Path,
    run: str,
    now: datetime,
    wanted: Wanted = lambda _table, _check: True,
    awaited: Sequence[Awaited] = (),
) -> list[tuple[Result, Report]]:
    """Results in the order of the contracts, then of the measures; they are kept in `folder`, whose
    page tells of them. A table that is as it was when it last passed is not read again. `awaited`:
    sources that never sent anything."""
    before = results.read(folder)
    asked = [each for each in contracts.at(border) if wanted(each.name, CONTRACT)]
    found = [
        *_contracts(connection, asked, border, before, run, now),
        *_measures(
            connection,
            [each for each in MEASURES if each.border == border],
            wanted,
            run,
            Asked(now, awaited),
        ),
    ]
    keep(folder, contracts, [result for result, _ in found])
    return found


def keep(folder: Path, contracts: Contracts, found: Sequence[Result]) -> None:
    """Add these results, and tell of all in the page."""
    results.add(folder, found)
    page.write(folder, contracts)


def told_of_rows(report: Report, table: str, run: str, now: datetime) -> Result:
    """Of rows that were checked on their way to the ledger."""
    return results.of_report(
        report, border="activation", table=table, check=CONTRACT, at=now, run=run, seconds=0.0
    )


def _contracts(
    connection: duckdb.DuckDBPyConnection,
    contracts: Sequence[Contract],
    border: Border,
    before: dict[tuple[str, str], list[Result]],
    run: str,
    now: datetime,
) -> Iterator[tuple[Result, Report]]:
    shapes = schema.failures(connection, contracts, border)
    for contract in contracts:
        started = perf_counter()
        shape = shapes.get(contract.name)
        report, digest, unchanged = _checked(connection, contract, shape, before)
        result = results.of_report(
            report,
            border=border,
            table=contract.name,
            check=CONTRACT,
            at=now,
            run=run,
            seconds=perf_counter() - started,
        )
        yield replace(result, digest=digest, unchanged=unchanged), report


def _checked(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    shape: Failure | None,
    before: dict[tuple[str, str], list[Result]],
) -> tuple[Report, str | None, bool]:
    """The report; the digest of what was read; whether the last result stands. A table that lacks
    a column cannot be asked about it."""
    types = int(bool(contract.types))
    if shape is not None:
        rules = len(contract.rules) + types
        return Report(contract.table, 0, rules, (shape,)), None, False
    rows, digest = _digest(connection, contract)
    last = before.get((contract.name, CONTRACT), [])
    if last and last[-1].digest == digest and not last[-1].broken:
        return Report(contract.table, rows, len(contract.rules) + types, ()), digest, True
    return merged(runner.check_table(connection, contract), (), types), digest, False


def _digest(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[int, str]:
    """How many rows, and what changes with any of them or with the contract. A sum: equal rows
    would cancel out under an exclusive or."""
    [(rows, total)] = connection.execute(
        f"select count(*), coalesce(sum(hash(asked)), 0) from ({contract.query}) as asked"
    ).fetchall()
    told = hashlib.sha256(repr(contract).encode()).hexdigest()[:16]
    return rows, f"{told}:{rows}:{total}"


def _measures(
    connection: duckdb.DuckDBPyConnection,
    asked: Collection[Measure],
    wanted: Wanted,
    run: str,
    known: Asked,
) -> Iterator[tuple[Result, Report]]:
    for measure in asked:
        name = measure.contract.name
        if not wanted(name, measure.name):
            continue
        started = perf_counter()
        report = measured.check(connection, measure, known)
        yield (
            results.of_report(
                report,
                border=measure.border,
                table=name,
                check=measure.name,
                at=known.now,
                run=run,
                seconds=perf_counter() - started,
            ),
            report,
        )
