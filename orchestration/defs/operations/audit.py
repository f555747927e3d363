"""The review of each day, kept as an asset: the audit that never sleeps."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.operations.jobs import AUDITED
from orchestration.review import report, run
from orchestration.settings import load_settings


@dg.asset(
    key=["operations", "audit"],
    deps=[dg.AssetKey(["warehouse", "published"])],
    group_name="operations",
    kinds={"python"},
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


daily_audit = dg.ScheduleDefinition(
    name="daily_audit",
    job=dg.define_asset_job("audit", selection=AUDITED, description="The review of the day."),
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning, so that nothing goes unseen for longer than a day.",
)


@dg.definitions
def audit_definitions() -> dg.Definitions:
    return dg.Definitions(assets=[audit], jobs=[daily_audit.job], schedules=[daily_audit])
