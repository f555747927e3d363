"""Great Expectations at the raw and canonical borders, as asset checks that block what follows.

The activation border is checked while enqueuing, where single rows can be held.
"""

import dagster as dg

from orchestration import warehouse
from orchestration.quality import runner
from orchestration.quality.contracts import CANONICAL, RAW
from orchestration.quality.expectations import Contract
from orchestration.settings import load_settings


def _check(contract: Contract) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=[contract.schema, contract.table],
        name="contract",
        blocking=True,
        pool=warehouse.POOL,
        description=f"The {contract.border} contract: {len(contract.rules)} rules.",
    )
    def check() -> dg.AssetCheckResult:
        settings = load_settings()
        with (
            warehouse.exclusive(settings.warehouse),
            warehouse.connect(settings.warehouse, read_only=False) as connection,
        ):
            report = runner.check_table(connection, contract)
        severity = dg.AssetCheckSeverity.ERROR if report.blocked else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            passed=report.passed,
            severity=severity,
            metadata={
                "rows": report.rows,
                "rules": report.rules,
                "report": dg.MarkdownMetadataValue(report.markdown()),
            },
        )

    return check


@dg.definitions
def checks() -> dg.Definitions:
    return dg.Definitions(asset_checks=[_check(contract) for contract in (*RAW, *CANONICAL)])
