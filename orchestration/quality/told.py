"""A contract's outcome as Dagster shows it: no value of anybody, and the way to the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dagster as dg

from orchestration.quality import page, words
from orchestration.quality.expectations import Border, Contract
from orchestration.quality.report import Report
from orchestration.quality.results import Result


def check_result(result: Result, report: Report, folder: Path) -> dg.AssetCheckResult:
    """For the check of that name on that table."""
    return dg.AssetCheckResult(
        asset_key=result.table.split("."),
        check_name=result.check,
        passed=report.passed,
        severity=severity(report),
        metadata=metadata(result, report, folder),
    )


def severity(report: Report) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if report.blocked else dg.AssetCheckSeverity.WARN


def metadata(result: Result, report: Report, folder: Path) -> dict[str, Any]:
    """Counts, failing keys and the page that tells the rest."""
    return {
        "rows": result.rows,
        "rules": result.rules,
        "unchanged": result.unchanged,
        "report": dg.MarkdownMetadataValue(report.markdown()),
        "page": dg.MetadataValue.path(str(folder / page.FILE)),
        **({"what_to_do": dg.MetadataValue.md(_todo(result))} if report.blocked else {}),
    }


def _todo(result: Result) -> str:
    return words.NEXT[cast(Border, result.border)]


def described(contract: Contract) -> str:
    generated = sum(rule.origin == "dbt" for rule in contract.rules) + bool(contract.types)
    besides = len(contract.rules) + bool(contract.types) - generated
    return (
        f"The {contract.border} contract: {generated} rules from the YAML of the models, "
        f"{besides} besides."
    )
