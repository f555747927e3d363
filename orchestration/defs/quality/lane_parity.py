"""Law 3 after each publication: does the fast lane make the same rows? It stops nothing."""

from datetime import UTC, datetime

import dagster as dg

from orchestration import destinations
from orchestration.errors import OrchestrationError
from orchestration.lane_parity import check, record
from orchestration.settings import load_settings


def _parity() -> dg.AssetCheckResult:
    try:
        parity = check.run(load_settings(), now=datetime.now(UTC))
    except OrchestrationError as error:
        told = {"code": error.code, "message": str(error), "remedy": error.remedy}
        return dg.AssetCheckResult(
            passed=False, severity=dg.AssetCheckSeverity.ERROR, metadata=told
        )
    compared = parity.compared
    return dg.AssetCheckResult(
        passed=compared.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "log_position": parity.log_position,
            "people": compared.people,
            "rows": compared.rows,
            "differences": compared.found,
            "report": dg.MarkdownMetadataValue(record.markdown(parity)),
        },
    )


@dg.definitions
def lane_checks() -> dg.Definitions:
    """It takes seconds, for which no lead should wait: deliveries come first."""
    on = destinations.chosen(load_settings().destinations)
    check_of_lanes = dg.asset_check(
        asset=["warehouse", "published"],
        name="lane_parity",
        blocking=False,
        additional_deps=[["delivered", each.name] for each in on],
        description="The fast lane's rows of some people, cell by cell beside the published.",
    )
    return dg.Definitions(asset_checks=[check_of_lanes(_parity)])
