"""Sensors: new log rows start a refresh; a new publication starts the reverse-ETL jobs."""

from contextlib import closing
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG

from orchestration import activation, automation, connections, destinations, ticks, warehouse
from orchestration.defs.operations.jobs import refresh_warehouse
from orchestration.destinations import Destination
from orchestration.settings import Settings, load_settings
from orchestration.watermark import Asked, RunState, Wait, decide

TICK_SECONDS = 5  # Dagster's daemon looks no more often than this
ACTIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dg.sensor(
    job=refresh_warehouse,
    description="Refresh the warehouse when the event log has rows that no published copy holds.",
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
@ticks.patient
def new_log_rows(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = load_settings()
    with closing(connections.event_log(settings)) as log:
        head = log.head()
    published = warehouse.publication(settings.published)
    loaded = published.log_position if published else 0
    if head <= loaded:
        return dg.SkipReason(f"The warehouse holds everything up to position {loaded}.")
    return _ask(context, refresh_warehouse.name, str(head))


def push_sensor(destination: Destination) -> dg.SensorDefinition:
    """Starts a destination's push when a publication wants something new of it, or when rows need
    wait no longer for what enrichment was asked."""

    @dg.sensor(
        name=destination.sensor,
        job_name=destination.job,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=destination.told,
    )
    @ticks.patient
    def push(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = load_settings()
        published = warehouse.publication(settings.published)
        if published is None:
            return dg.SkipReason("Nothing has been published yet.")
        wanted = [published.digests.get(effect.table, "") for effect in destination.effects]
        return _ask(context, destination.job, "|".join([*wanted, *_ripe(settings, destination)]))

    return push


def _ripe(settings: Settings, destination: Destination) -> list[str]:
    """What waited for enrichment and may go by now: no publication tells of it."""
    if not activation.asks(settings):
        return []
    with closing(connections.ledger(settings)) as ledger:
        number = ledger.ripe(destination.name, datetime.now(UTC))
    return [] if number is None else [str(number)]


def _ask(
    context: dg.SensorEvaluationContext, job: str, target: str
) -> dg.SensorResult | dg.SkipReason:
    asked = Asked.from_cursor(context.cursor)
    decision = decide(target, asked, _state(context.instance, job, asked), now=datetime.now(UTC))
    if isinstance(decision, Wait):
        return dg.SkipReason(decision.reason)
    # The policy tries again what failed or died; Dagster's own retry would make it two runs.
    request = dg.RunRequest(run_key=decision.run_key(job), tags={MAX_RETRIES_TAG: "0"})
    return dg.SensorResult(run_requests=[request], cursor=decision.to_cursor())


def _state(instance: dg.DagsterInstance, job: str, asked: Asked | None) -> RunState:
    """ACTIVE while any run of the job is under way, else the end of the run asked for last."""
    if instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=list(ACTIVE))):
        return RunState.ACTIVE
    if asked is None:
        return RunState.NONE
    mine = dg.RunsFilter(job_name=job, tags={"dagster/run_key": asked.run_key(job)})
    found = instance.get_runs(mine, limit=1)
    if found and found[0].status == dg.DagsterRunStatus.SUCCESS:
        return RunState.SUCCEEDED
    return RunState.FAILED  # ended badly, or never came to be


automated = dg.AutomationConditionSensorDefinition(
    automation.SENSOR,
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for the assets that follow the clock; each says when, and why not yet.",
)


@dg.definitions
def sensors() -> dg.Definitions:
    pushes = map(push_sensor, destinations.chosen(load_settings().destinations))
    return dg.Definitions(sensors=[new_log_rows, automated, *pushes])
