"""Sensors that tell a chat what went wrong, once, and when it is over. Each looks for one kind of
trouble; without a chat they show what there is as the reason of their tick."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
import httpx

from orchestration import ticks
from orchestration.alerts import alert as alerts
from orchestration.alerts import troubles
from orchestration.alerts.alert import Alert
from orchestration.alerts.run_failures import failed_runs
from orchestration.alerts.targets import targets, tell
from orchestration.alerts.troubles import Find
from orchestration.settings import Settings, load_settings

SOON, LATER = 60, 600  # seconds
LOOKS: tuple[tuple[str, Find, int], ...] = (
    ("alert_dead_letters", troubles.dead_letters, SOON),
    ("alert_breakers", troubles.breakers, SOON),
    ("alert_credentials", troubles.old_credentials, LATER),
    ("alert_silent_sources", troubles.silent_sources, SOON),
    ("alert_slow_leads", troubles.slow_leads, SOON),
    ("alert_stores", troubles.stores, SOON),
)


def alert_sensor(name: str, find: Find, seconds: int) -> dg.SensorDefinition:
    """Tells of one kind of trouble."""

    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings, now = load_settings(), datetime.now(UTC)
        return _tell(context, settings, find(settings, now), now)

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=ticks.patient(look),
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=find.__doc__,
    )


@dg.sensor(
    name="alert_failed_runs",
    description="Jobs whose last run failed, with a link to the run.",
    minimum_interval_seconds=SOON,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
@ticks.patient
def alert_failed_runs(
    context: dg.SensorEvaluationContext,
) -> dg.SensorResult | dg.SkipReason:
    settings = load_settings()
    location = context.repository_def
    jobs = [job for job in location.job_names if not job.startswith("__")] if location else []
    found = failed_runs(context.instance, jobs, settings.ui_url)
    return _tell(context, settings, found, datetime.now(UTC))


def _tell(
    context: dg.SensorEvaluationContext, settings: Settings, found: Sequence[Alert], now: datetime
) -> dg.SensorResult | dg.SkipReason:
    chosen = targets(settings)
    if not chosen:
        return dg.SkipReason(_shown(found))
    memories = alerts.from_cursor(context.cursor)
    with httpx.Client() as client:
        told = tell(chosen, found, memories, now=now, client=client)
    failures = " ".join(map(ticks.told, told.failures))
    said = f"{told.messages} told. " if told.messages else ""
    return dg.SensorResult(
        skip_reason=f"{said}{failures}{' ' if failures else ''}{_shown(found)}",
        cursor=alerts.to_cursor(told.memories),
    )


def _shown(found: Sequence[Alert]) -> str:
    return " ".join(f"{alert.code}: {alert.what}" for alert in found) or "Nothing is wrong."


@dg.definitions
def alert_sensors() -> dg.Definitions:
    return dg.Definitions(
        sensors=[*(alert_sensor(*each) for each in LOOKS), alert_failed_runs],
    )
