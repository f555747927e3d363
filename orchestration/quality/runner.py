"""Run a contract on rows, with Great Expectations in memory (no files, no telemetry)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.quality import sieve
from orchestration.quality.expectations import Contract, Rule
from orchestration.quality.masking import masked
from orchestration.quality.report import Failure, Report

if TYPE_CHECKING:
    import pandas as pd

_FORMS = 3
WHOLE = 20_000


def check_table(
    connection: duckdb.DuckDBPyConnection, contract: Contract, *, whole: int = WHOLE
) -> Report:
    """Read the contract's columns (no others) and check them. Of a table with more than `whole`
    rows only those are read that may break a rule, and some others."""
    [(rows,)] = connection.execute(f"select count(*) from {contract.name}").fetchall()
    if rows <= whole:
        return check(contract, connection.execute(contract.query).df())
    return _check_large(connection, contract)


def _check_large(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Report:
    """The rules that SQL can sieve by, on what is left in the sieve; each other on its own columns
    of every row. If a row that was let through breaks a rule after all, every row is read."""
    found = sieve.of(connection, contract)
    if found is None:
        return check(contract, connection.execute(contract.query).df())
    frame = connection.execute(found.query, found.values).df()
    sieved = check(replace(contract, rules=found.rules), frame)
    suspects = set(_keys(frame[frame[sieve.SUSPECT]], contract.key))
    if any(key not in suspects for failure in sieved.failures for key in failure.keys):
        return check(contract, connection.execute(contract.query).df())
    reports = {rule.name: sieved for rule in found.rules}
    for rule in contract.rules:
        if rule not in found.rules:
            reports[rule.name] = check(*_alone(connection, contract, rule))
    failures = {each.rule: each for report in reports.values() for each in report.failures}
    told = tuple(failures[rule.name] for rule in contract.rules if rule.name in failures)
    return Report(contract.table, found.rows, len(contract.rules), told)


def _alone(
    connection: duckdb.DuckDBPyConnection, contract: Contract, rule: Rule
) -> tuple[Contract, pd.DataFrame]:
    columns = ", ".join(dict.fromkeys((*contract.key, *rule.reads)))
    asked = f"select {columns} from ({contract.query}) as asked"
    return replace(contract, rules=(rule,)), connection.execute(asked).df()


def _keys(frame: pd.DataFrame, key: Sequence[str]) -> list[str]:
    return ["/".join(map(str, row)) for row in frame[list(key)].itertuples(index=False)]


def check(contract: Contract, frame: pd.DataFrame) -> Report:
    """`frame` has the contract's key and columns, one row a row of the table."""
    failures: tuple[Failure, ...] = ()
    if len(frame) and contract.rules:
        results = _validate(contract.rules, contract.key, frame)
        failures = tuple(
            _failure(rule, contract.key, result)
            for rule, result in zip(contract.rules, results, strict=True)
            if not result["success"]
        )
    return Report(contract.table, len(frame), len(contract.rules), failures)


def warm() -> None:
    """Import Great Expectations now."""
    _great_expectations()


@cache
def _great_expectations() -> Any:
    """Imported late: it takes seconds, and only batches need it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("frames")
    asset = source.add_dataframe_asset("frame")
    return great_expectations, asset.add_batch_definition_whole_dataframe("whole")


def _validate(
    rules: Sequence[Rule], key: tuple[str, ...], frame: pd.DataFrame
) -> list[dict[str, Any]]:
    gx, whole = _great_expectations()
    suite = gx.ExpectationSuite(name="contract")
    for number, rule in enumerate(rules):
        expectation = getattr(gx.expectations, rule.expectation)
        suite.add_expectation(expectation(**rule.arguments, meta={"rule": number}))
    outcome = whole.get_batch({"dataframe": frame}).validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": list(key),
            "return_unexpected_index_query": False,
        },
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
    return Failure(
        rule=rule.name,
        columns=rule.columns,
        count=int(detail.get("unexpected_count") or len(keys)),
        keys=keys,
        blocking=rule.blocking,
        detail=_detail(rule, detail),
        sample=_sample(rule, detail),
    )


def _sample(rule: Rule, detail: dict[str, Any]) -> tuple[str, ...]:
    """Only of rules on a column of the table: others have words of their own."""
    if not rule.shows:
        return ()
    found = detail.get("partial_unexpected_list") or []
    return tuple(dict.fromkeys(masked(str(value)) for value in found if value is not None))[:_FORMS]


def _detail(rule: Rule, detail: dict[str, Any]) -> str:
    if not rule.reveals:
        return ""
    counts = detail.get("partial_unexpected_counts") or []
    return "; ".join(f"{each['value']} ({each['count']:,})" for each in counts)
