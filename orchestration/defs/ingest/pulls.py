"""Vendors' APIs as assets, one a vendor, and the hourly reconciliation with their webhooks."""

from datetime import date

import dagster as dg

from orchestration.defs.ingest.days import DAYS, ONE_RUN, picked
from orchestration.pulls import assets as pull_assets
from orchestration.pulls.accounts import BY_DAY, PULLED
from orchestration.settings import load_settings

JOB = "pull"


def pulled(name: str) -> dg.AssetsDefinition:
    """The asset of a source: what its API said, appended to the event log."""

    @dg.asset(
        key=["pulled", name],
        group_name="ingestion",
        kinds={"python", "dlt"},
        description="What changed at the vendor, as events; what webhooks dropped is counted.",
    )
    def asset() -> dg.MaterializeResult[None]:
        return _pull(name)

    return asset


def pulled_by_day(name: str) -> dg.AssetsDefinition:
    """The asset of what a source tells of days; they are picked."""

    @dg.asset(
        key=["pulled_by_day", name],
        partitions_def=DAYS,
        backfill_policy=ONE_RUN,
        group_name="ingestion",
        kinds={"python", "dlt"},
        description="What the vendor tells of these days by now; what changed is appended.",
    )
    def asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return _pull(name, picked(context))

    return asset


def _pull(name: str, days: tuple[date, date] | None = None) -> dg.MaterializeResult[None]:
    try:
        told = pull_assets.pull(load_settings(), name, days=days)
    except pull_assets.PullFailedError as error:
        said = f"{error.first_code}: {error} {error.remedy}"
        raise dg.Failure(said, metadata=_shown(error.told), allow_retries=False) from error
    return dg.MaterializeResult(metadata=_shown(told))


def _shown(told: pull_assets.Told) -> dict[str, dg.MetadataValue | int | float]:
    return {**told.figures, "by kind": dg.MetadataValue.md(told.table)}


def _schedule(*, is_on: bool) -> dg.ScheduleDefinition:
    """Hourly, and on from the start where a source has its credentials."""
    return dg.ScheduleDefinition(
        name="reconciliation",
        job_name=JOB,
        cron_schedule="7 * * * *",  # past the hour, when everybody else's schedules run
        execution_timezone="UTC",
        default_status=(
            dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED
        ),
        description="Ask vendors' APIs what changed, and find what their webhooks dropped.",
    )


@dg.definitions
def pulls() -> dg.Definitions:
    settings = load_settings()
    names = [name for name in PULLED if name in settings.pulls]
    if not names:
        return dg.Definitions()
    ready = pull_assets.ready(settings)
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(*(["pulled", name] for name in ready or names)),
        description="Read vendors' APIs into the event log.",
    )
    return dg.Definitions(
        assets=[
            *(pulled(name) for name in names),
            *(pulled_by_day(name) for name in names if name in BY_DAY),
        ],
        jobs=[job],
        schedules=[_schedule(is_on=bool(ready))],
    )
