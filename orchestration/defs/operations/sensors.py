"""Sensors: new log rows start a refresh; a new publication starts the reverse-ETL jobs.

Cursors are watermarks ("everything up to here"), so a tick that is lost or repeated changes
nothing, and every run key carries its job's name.
"""

from contextlib import closing

import dagster as dg

from orchestration import connections, warehouse
from orchestration.defs.operations.jobs import push_conversions, push_mqls, refresh_warehouse
from orchestration.settings import load_settings

TICK_SECONDS = 5  # Dagster's daemon looks no more often than this


@dg.sensor(
    job=refresh_warehouse,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_log_rows(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Refresh the warehouse when the event log has rows that no published copy holds."""
    settings = load_settings()
    with closing(connections.event_log(settings)) as log:
        head = log.head()
    published = warehouse.publication(settings.published)
    loaded = published.log_position if published else 0
    return next_refresh(head=head, loaded=loaded, requested=int(context.cursor or 0))


@dg.sensor(
    job=push_mqls,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def mql_push(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Push contacts and call tasks when a publication wants something new of the CRM."""
    tables = ("act_hubspot__contacts", "act_hubspot__tasks")
    return _push_when_changed(context, push_mqls.name, tables)


@dg.sensor(
    job=push_conversions,
    minimum_interval_seconds=TICK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def conversion_push(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Push conversions when a publication holds ones that Meta has not been told of."""
    return _push_when_changed(context, push_conversions.name, ("act_meta__conversions",))


def next_refresh(*, head: int, loaded: int, requested: int) -> dg.SensorResult | dg.SkipReason:
    """Ask for one run up to `head` unless it is loaded or was asked for already."""
    if head <= loaded:
        return dg.SkipReason(f"The warehouse holds everything up to position {loaded}.")
    if head <= requested:
        return dg.SkipReason(f"A run up to position {requested} was asked for.")
    request = dg.RunRequest(run_key=f"refresh_warehouse:{head}")
    return dg.SensorResult(run_requests=[request], cursor=str(head))


def next_push(
    *, job: str, published: warehouse.Publication | None, tables: tuple[str, ...], done: str | None
) -> dg.SensorResult | dg.SkipReason:
    """Ask for one push for each new content of the activation tables."""
    if published is None:
        return dg.SkipReason("Nothing has been published yet.")
    digest = "|".join(published.digests[table] for table in tables)
    if digest == done:
        return dg.SkipReason("The activation tables have not changed since the last push.")
    request = dg.RunRequest(run_key=f"{job}:{digest}:{published.log_position}")
    return dg.SensorResult(run_requests=[request], cursor=digest)


def _push_when_changed(
    context: dg.SensorEvaluationContext, job: str, tables: tuple[str, ...]
) -> dg.SensorResult | dg.SkipReason:
    published = warehouse.publication(load_settings().published)
    return next_push(job=job, published=published, tables=tables, done=context.cursor)


@dg.definitions
def sensors() -> dg.Definitions:
    return dg.Definitions(sensors=[new_log_rows, mql_push, conversion_push])
