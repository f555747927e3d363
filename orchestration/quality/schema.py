"""Columns and types: one look at the catalog for all contracts of a border, judged in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import duckdb

from orchestration.quality import runner
from orchestration.quality.expectations import Border, Contract, Rule
from orchestration.quality.report import Failure

if TYPE_CHECKING:
    import pandas as pd

RULE: Final = "columns and types"
ABSENT: Final = "(absent)"

_FOUND: Final = """
    select
        schema_name || '.' || table_name as name,
        column_name,
        lower(data_type) as data_type
    from duckdb_columns()
    where database_name = current_database() and not internal
"""


def failures(
    connection: duckdb.DuckDBPyConnection, contracts: Sequence[Contract], border: Border
) -> dict[str, Failure]:
    """Contract name → which of its columns are missing, of another type, or not promised."""
    promised = [contract for contract in contracts if contract.types]
    if not promised:
        return {}
    found: dict[str, dict[str, str]] = {}
    for name, column, data_type in connection.execute(_FOUND).fetchall():
        found.setdefault(name, {})[column] = data_type
    report = runner.check(_contract(border), frame(promised, found))
    return _by_contract(promised, report.failures)


def frame(contracts: Sequence[Contract], found: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """One row a column: what its contract promises, and what there is."""
    import pandas as pd

    rows = []
    for contract in contracts:
        promised = {name: _normal(kind) for name, kind in contract.types.items()}
        there = {name: _normal(kind) for name, kind in found.get(contract.name, {}).items()}
        rows += [
            (contract.name, column, promised.get(column, ABSENT), there.get(column, ABSENT))
            for column in (promised | there)
        ]
    return pd.DataFrame(rows, columns=["name", "column_name", "promised", "there"])


def _contract(border: Border) -> Contract:
    alike = Rule(
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "there", "column_B": "promised"},
        name=RULE,
    )
    return Contract(
        border, "information", "columns", ("name", "column_name"), ("promised", "there"), (alike,)
    )


def _by_contract(contracts: Sequence[Contract], found: Sequence[Failure]) -> dict[str, Failure]:
    keys = [key for failure in found for key in failure.keys]
    told: dict[str, Failure] = {}
    for contract in contracts:
        columns = tuple(
            key.partition("/")[2] for key in keys if key.partition("/")[0] == contract.name
        )
        if columns:
            detail = f"missing, not promised or of another type: {', '.join(columns)}"
            told[contract.name] = Failure(RULE, columns, len(columns), (), True, detail)
    return told


def _normal(data_type: str) -> str:
    return re.sub(r"\s*,\s*", ", ", data_type.lower().strip())
