"""The trained scorecard: its points are what the models read in the next batch."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.scoring.report import metadata
from orchestration.scoring.scorecard_run import train_version
from orchestration.settings import load_settings


class TrainingConfig(dg.Config):
    """Which shadow version learns, and how soon after the snapshot an outcome counts."""

    version: str = "card-1"
    horizon_days: int = 90


@dg.asset(
    key=["scores", "scorecard"],
    deps=[dg.AssetKey(["warehouse", "published"])],
    group_name="activation",  # it reads the published copy
    kinds={"python", "scikitlearn"},
    description="Points of a scorecard, learnt from what became of leads; not part of a batch.",
)
def scorecard(config: TrainingConfig) -> dg.MaterializeResult[None]:
    told = train_version(
        load_settings(),
        config.version,
        horizon=timedelta(days=config.horizon_days),
        now=datetime.now(UTC),
    )
    return dg.MaterializeResult(metadata=metadata(told))
