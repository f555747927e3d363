"""What Dagster's storage says of sensors and schedules, as facts of a review."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorType  # names a state's kind; not public

from orchestration import destinations
from orchestration.review.facts import Activity, Automation, Kind

_SENSOR_NAME: Final = "dagster/sensor_name"
_DAEMON: Final = "SENSOR"
_KINDS: Final[Mapping[InstigatorType, Kind]] = {
    InstigatorType.SENSOR: "sensor",
    InstigatorType.SCHEDULE: "schedule",
}


def automations(instance: dg.DagsterInstance) -> Sequence[Automation]:
    """Every sensor and schedule that Dagster has looked after, in order of its name."""
    states = instance.all_instigator_state()
    found = [
        Automation(_KINDS[state.instigator_type], state.name, state.is_running)
        for state in states
        if state.instigator_type in _KINDS
    ]
    return sorted(found, key=lambda each: (each.kind, each.name))


def sensors(instance: dg.DagsterInstance, names: Collection[str]) -> Sequence[Activity]:
    """When each sensor that starts runs last started one, for these destinations."""
    started = ["new_log_rows", *(each.sensor for each in destinations.chosen(names))]
    return [Activity("sensor", name, _last_run(instance, name)) for name in started]


def daemon_seen_at(instance: dg.DagsterInstance) -> datetime | None:
    """When the daemon looked after sensors last."""
    beat = instance.get_daemon_heartbeats().get(_DAEMON)
    return datetime.fromtimestamp(beat.timestamp, UTC) if beat else None


def _last_run(instance: dg.DagsterInstance, sensor: str) -> datetime | None:
    wanted = dg.RunsFilter(tags={_SENSOR_NAME: sensor})
    record = next(iter(instance.get_run_records(wanted, limit=1)), None)
    return record.create_timestamp.astimezone(UTC) if record else None
