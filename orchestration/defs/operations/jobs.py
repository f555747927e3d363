"""Jobs: one for the whole batch, one to refresh the warehouse, one for each push."""

import dagster as dg

from orchestration.activation import EFFECTS
from orchestration.batch import remember_failure

TRAINED = dg.AssetSelection.assets(["scores", "scorecard"])
PROPOSED = dg.AssetSelection.assets(["identity", "proposals"])
REFRESH_SELECTION = dg.AssetSelection.assets(["warehouse", "published"]).upstream()


def _push(*, destination: str) -> dg.AssetSelection:
    keys = [["ledger", effect.name] for effect in EFFECTS if effect.destination == destination]
    shared = [["log", "mql_decisions"], ["ledger", "consents"]]
    return dg.AssetSelection.assets(*shared, *keys, ["delivered", destination])


batch = dg.define_asset_job(
    "batch",
    selection=dg.AssetSelection.all() - TRAINED - PROPOSED,
    hooks={remember_failure},
    description="Load, build, check, enqueue, deliver: what `millrace run` runs.",
)
refresh_warehouse = dg.define_asset_job(
    "refresh_warehouse",
    selection=REFRESH_SELECTION,
    hooks={remember_failure},
    description="New log rows into the warehouse, models, contracts, published copy.",
)
push_mqls = dg.define_asset_job(
    "push_mqls",
    selection=_push(destination="hubspot"),
    description="Contacts and call tasks of marketing-qualified leads to the CRM.",
)
push_conversions = dg.define_asset_job(
    "push_conversions",
    selection=_push(destination="meta"),
    description="Conversions to the Meta Conversions API.",
)
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
    return dg.Definitions(
        jobs=[batch, refresh_warehouse, push_mqls, push_conversions, train_scorecard, propose_links]
    )
