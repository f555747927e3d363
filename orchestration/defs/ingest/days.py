"""Days that somebody picks in Dagster's own dialog: all of them are one run."""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Final

import dagster as dg

from orchestration import connections, replays
from orchestration.settings import load_settings

# Of what came earlier, `replay_webhooks` takes positions. To ask the log for its first day would
# cost each load of the code location a connection.
DAYS: Final = dg.DailyPartitionsDefinition(start_date="2020-01-01", end_offset=1)  # today counts
ONE_RUN: Final = dg.BackfillPolicy.single_run()
REPLAYED: Final = dg.AssetKey(["log", "replayed_days"])


def picked(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """The first and the last day of a run."""
    first, last = context.partition_key_range
    return date.fromisoformat(first), date.fromisoformat(last)


class ReplayConfig(dg.Config):
    """Without `source`: of all."""

    source: str = ""


@dg.asset(
    key=REPLAYED,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    group_name="ingestion",
    kinds={"python", "sqlite"},
    description="What came from outside on these days (UTC), appended again under the replay id of "
    "the run; `new_log_rows` starts the batch. Nothing is delivered twice.",
)
def replayed_days(
    context: dg.AssetExecutionContext, config: ReplayConfig
) -> dg.MaterializeResult[None]:
    with closing(connections.event_log(load_settings())) as log:
        done = replays.replay_days(
            log,
            *picked(context),
            source=config.source,
            replay_id=replays.id_of(context.run),
            now=datetime.now(UTC),
        )
    return dg.MaterializeResult(metadata=asdict(done))


backfill = dg.define_asset_job(
    "backfill",
    selection=dg.AssetSelection.assets(REPLAYED),
    description="Read the events of some days again: `new_log_rows` starts the batch.",
)


@dg.definitions
def days() -> dg.Definitions:
    return dg.Definitions(assets=[replayed_days], jobs=[backfill])
