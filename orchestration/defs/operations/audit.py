"""The review of each day, kept as an asset: the audit that never sleeps."""

from datetime import UTC, datetime

import dagster as dg

from orchestration import automation
from orchestration.defs.operations.jobs import AUDITED
from orchestration.review import report, run
from orchestration.settings import load_settings


@dg.asset(
    key=["operations", "audit"],
    deps=[dg.AssetKey(["warehouse", "published"])],
    group_name="operations",
    kinds={"python"},
    # Also when nothing was published since: that is among what it has to tell.
    automation_condition=automation.at(automation.MORNING),
    description="What is switched on and does nothing, what would fail unseen, slow leads, dead "
    "letters by repair, old credentials, accounts that do not add up: `millrace review`.",
)
def audit(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    now = datetime.now(UTC)
    findings = run.run(load_settings(), context.instance, now=now)
    codes = report.as_dict(findings, now=now)["codes"]
    return dg.MaterializeResult(
        metadata={
            "findings": len(findings),
            "codes": dg.JsonMetadataValue(codes),
            "report": dg.MarkdownMetadataValue(report.markdown(findings, now=now)),
        }
    )


by_hand = dg.define_asset_job("audit", selection=AUDITED, description="The review of the day.")


@dg.definitions
def audit_definitions() -> dg.Definitions:
    return dg.Definitions(assets=[audit], jobs=[by_hand])
