"""Run a contract on rows, with Great Expectations in memory (no files, no telemetry)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.quality.expectations import Contract, Rule

if TYPE_CHECKING:
    import pandas as pd

KEY_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken rule: `keys` are the failing rows' key values, `count` how many rows fail."""

    rule: str
    column: str
    count: int
    keys: tuple[str, ...]
    blocking: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one contract on one table."""

    table: str
    rows: int
    rules: int
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def blocked(self) -> bool:
        return any(failure.blocking for failure in self.failures)

    @property
    def failing_keys(self) -> frozenset[str]:
        return frozenset(
            key for failure in self.failures if failure.blocking for key in failure.keys
        )

    def markdown(self) -> str:
        """A table for the Dagster UI: rule, column, how many rows, the first keys."""
        if self.passed:
            return f"All {self.rules} rules hold for {self.rows:,} rows."
        lines = ["| rule | column | rows | keys |", "|---|---|---|---|"]
        for failure in self.failures:
            sample = ", ".join(failure.keys[:KEY_SAMPLE])
            lines.append(f"| {failure.rule} | {failure.column} | {failure.count} | {sample} |")
        return "\n".join(lines)


def check_table(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Report:
    """Read the contract's columns (no others) and check them."""
    return check(contract, connection.execute(contract.query).df())


def check(contract: Contract, frame: pd.DataFrame) -> Report:
    """`frame` has the contract's key and columns, one row a row of the table."""
    failures: tuple[Failure, ...] = ()
    if len(frame):
        results = _validate(contract.rules, contract.key, frame)
        failures = tuple(
            _failure(rule, contract.key, result)
            for rule, result in zip(contract.rules, results, strict=True)
            if not result["success"]
        )
    return Report(contract.table, len(frame), len(contract.rules), failures)


@cache
def _great_expectations() -> Any:
    """Imported late: it takes seconds, and only batches need it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return great_expectations, context.data_sources.add_pandas("frames")


def _validate(
    rules: Sequence[Rule], key: tuple[str, ...], frame: pd.DataFrame
) -> list[dict[str, Any]]:
    gx, source = _great_expectations()
    name = f"frame-{len(source.assets)}"
    batch = (
        source.add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(name=name)
    for number, rule in enumerate(rules):
        expectation = getattr(gx.expectations, rule.expectation)
        suite.add_expectation(expectation(**rule.arguments, meta={"rule": number}))
    outcome = batch.validate(
        suite,
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": list(key)},
    )
    # Great Expectations answers in an order of its own.
    ordered = sorted(outcome.results, key=lambda result: result.expectation_config.meta["rule"])
    return [result.to_json_dict() for result in ordered]


def _failure(rule: Rule, key: tuple[str, ...], result: dict[str, Any]) -> Failure:
    detail = result.get("result", {})
    indexes = detail.get("unexpected_index_list") or []
    keys = tuple(
        dict.fromkeys("/".join(str(index.get(column)) for column in key) for index in indexes)
    )
    columns = rule.arguments.get("column") or rule.arguments.get("column_list") or "A, B"
    return Failure(
        rule=rule.expectation.removeprefix("ExpectColumnValuesTo").removeprefix("Expect"),
        column=columns if isinstance(columns, str) else ", ".join(columns),
        count=int(detail.get("unexpected_count") or len(keys)),
        keys=keys,
        blocking=rule.blocking,
    )
