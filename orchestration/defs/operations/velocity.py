"""The speed of hot leads as a check on each destination, and the sensor that keeps it true."""

from datetime import UTC, datetime

import dagster as dg
import orjson

from orchestration import destinations, lead_velocity, ticks, velocity
from orchestration.destinations import Destination
from orchestration.lead_velocity import CHECK
from orchestration.settings import load_settings
from orchestration.velocity import LeadVelocity

LOOK_SECONDS = 30
SEVERITY = dg.AssetCheckSeverity.WARN  # nothing is wrong with the rows that went


def velocity_check(destination: Destination) -> dg.AssetChecksDefinition:
    """To look at any time; the sensor reports under the same name."""

    @dg.asset_check(
        asset=["delivered", destination.name],
        name=CHECK,
        description="Hot leads go from the gateway to the destination within the objective, and "
        "none waits longer.",
    )
    def check() -> dg.AssetCheckResult:
        found = lead_velocity.look(load_settings(), now=datetime.now(UTC))
        told, metadata = _verdict(found, destination.name)
        return dg.AssetCheckResult(
            passed=not told, severity=SEVERITY, description=told, metadata=metadata
        )

    return check


@dg.sensor(
    name=CHECK,
    description="Tell when hot leads become too slow for a destination, and when they are fast "
    "again.",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
@ticks.patient
def lead_velocity_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = load_settings()
    found = lead_velocity.look(settings, now=datetime.now(UTC))
    before = orjson.loads(context.cursor or "{}")
    verdicts = {name: _verdict(found, name) for name in settings.destinations}
    now = {name: not told for name, (told, _metadata) in verdicts.items()}
    changed = [name for name in now if before.get(name) is not now[name]]
    if not changed:
        return dg.SkipReason("As fast, or as slow, as it was.")
    return dg.SensorResult(
        asset_events=[
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(["delivered", name]),
                check_name=CHECK,
                passed=now[name],
                severity=SEVERITY,
                description=verdicts[name][0],
                metadata=verdicts[name][1],
            )
            for name in changed
        ],
        cursor=orjson.dumps(now).decode(),
    )


def _verdict(
    found: LeadVelocity, destination: str
) -> tuple[str | None, dict[str, dg.MetadataValue]]:
    """What is too slow and what to do (None: nothing), and the figures."""
    slow = next(
        (each for each in velocity.problems(found) if each.destination == destination), None
    )
    told = f"{slow.code}: {slow.message} {slow.remedy}" if slow else None
    tracks = [track for track in found.tracks if track.destination == destination]
    worst = lead_velocity.worst(tracks)
    return told, {
        "objective_seconds": dg.FloatMetadataValue(found.objective_seconds),
        **{name: dg.FloatMetadataValue(value) for name, value in worst.items()},
        "delivered": dg.IntMetadataValue(sum(track.delivered for track in tracks)),
        "waiting": dg.IntMetadataValue(sum(track.waiting or 0 for track in tracks)),
        "tracks": dg.MarkdownMetadataValue(lead_velocity.markdown(tracks)),
    }


@dg.definitions
def lead_velocity_definitions() -> dg.Definitions:
    on = destinations.chosen(load_settings().destinations)
    return dg.Definitions(
        asset_checks=[velocity_check(each) for each in on], sensors=[lead_velocity_sensor]
    )
