"""Jobs: one for the whole batch, one to refresh the warehouse, one for each push."""

import dagster as dg

from orchestration import destinations
from orchestration.automation import NIGHT
from orchestration.batch import remember_failure
from orchestration.defs.ingest.days import REPLAYED
from orchestration.destinations import Destination
from orchestration.lead_velocity import CHECK
from orchestration.observability.batch import tracing_hooks
from orchestration.settings import load_settings

TRAINED = dg.AssetSelection.assets(["scores", "scorecard"])
AUDITED = dg.AssetSelection.assets(["operations", "audit"])
PROPOSED = dg.AssetSelection.assets(["identity", "proposals"])
PULLED = dg.AssetSelection.key_prefixes("pulled")  # a vendor that is down stops no batch
PICKED = dg.AssetSelection.assets(REPLAYED) | dg.AssetSelection.key_prefixes("pulled_by_day")
APART = TRAINED | PROPOSED | PULLED | PICKED | AUDITED  # no part of a batch
REFRESH_SELECTION = dg.AssetSelection.assets(["warehouse", "published"]).upstream()


def _without_velocity(selection: dg.AssetSelection, *names: str) -> dg.AssetSelection:
    """A sensor looks at the speed of leads all the time: whether they are late is no matter of
    whether a run succeeds."""
    keys = [dg.AssetCheckKey(dg.AssetKey(["delivered", name]), CHECK) for name in names]
    return selection - dg.AssetSelection.checks(*keys)


refresh_warehouse = dg.define_asset_job(
    "refresh_warehouse",
    selection=REFRESH_SELECTION,
    hooks={remember_failure, *tracing_hooks()},
    description="New log rows into the warehouse, models, contracts, published copy.",
)


def _push(destination: Destination) -> dg.AssetSelection:
    """What brings one destination up to date."""
    keys = [["ledger", effect.name] for effect in destination.effects]
    shared = [["log", "mql_decisions"], ["ledger", "consents"]]
    assets = dg.AssetSelection.assets(*shared, *keys, ["delivered", destination.name])
    return _without_velocity(assets, destination.name)


train_scorecard = dg.define_asset_job(
    "train_scorecard",
    selection=TRAINED,
    description="Learn the points of a scorecard version from what became of leads.",
)
propose_links = dg.define_asset_job(
    "propose_links",
    selection=PROPOSED,
    description="People that may be one, by probabilistic matching, for review.",
)


@dg.definitions
def jobs() -> dg.Definitions:
    names = load_settings().destinations
    batch = dg.define_asset_job(
        "batch",
        selection=_without_velocity(dg.AssetSelection.all() - APART, *names),
        hooks={remember_failure, *tracing_hooks()},
        description="Load, build, check, enqueue, deliver: what `millrace run` runs.",
    )
    nightly = dg.ScheduleDefinition(
        name="nightly_batch",
        job=batch,
        cron_schedule=NIGHT,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="What no sensor saw, scores that faded, and a full build once a day.",
    )
    pushes = [
        dg.define_asset_job(
            each.job, selection=_push(each), hooks={*tracing_hooks()}, description=each.told
        )
        for each in destinations.chosen(names)
    ]
    return dg.Definitions(
        jobs=[batch, refresh_warehouse, *pushes, train_scorecard, propose_links],
        schedules=[nightly],
    )
