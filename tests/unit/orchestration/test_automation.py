"""Assets that follow the clock: when Dagster asks for them, and that it asks once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries, at import
    from orchestration import automation
    from orchestration.defs.identity.proposals import proposals
    from orchestration.defs.operations.audit import audit
    from orchestration.defs.operations.sensors import automated
    from orchestration.defs.scoring.scorecard import scorecard

EVENING = datetime(2026, 3, 2, 22, tzinfo=UTC)
PUBLISHED = dg.AssetKey(["warehouse", "published"])


@dg.asset(key=PUBLISHED)
def published() -> None:
    """Stands in for the copy that batches publish."""


class Clock:
    """Evaluates the conditions of some assets again and again, as the sensor does."""

    def __init__(self, instance: dg.DagsterInstance, *assets: dg.AssetsDefinition) -> None:
        self.defs = dg.Definitions([published, *assets])
        self.instance = instance
        self.cursor: Any = None

    def asks_at(self, moment: datetime) -> int:
        """How many assets it asks for."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = dg.evaluate_automation_conditions(
                defs=self.defs, instance=self.instance, cursor=self.cursor, evaluation_time=moment
            )
        self.cursor = result.cursor
        return result.total_requested


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_the_audit_comes_each_morning_whatever_happened(instance: dg.DagsterInstance) -> None:
    """Once, also where nothing was published since: that is what it has to tell."""
    clock = Clock(instance, audit)
    assert [0, 0, 1, 0, 0, 1] == [
        clock.asks_at(EVENING + timedelta(hours=hours)) for hours in (0, 7.9, 8.1, 8.2, 31.9, 40)
    ]


def test_proposals_follow_the_batch_of_the_night(instance: dg.DagsterInstance) -> None:
    """After half past two they wait for what is published then, and are asked for once."""
    clock = Clock(instance, proposals)
    publish(instance)
    assert [0, 0] == [clock.asks_at(EVENING + timedelta(hours=hours)) for hours in (0, 4.6)]
    publish(instance)
    assert [1, 0, 0] == [
        clock.asks_at(EVENING + timedelta(hours=hours)) for hours in (4.8, 4.9, 20)
    ]


def publish(instance: dg.DagsterInstance) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(PUBLISHED))


def test_nothing_trains_by_itself() -> None:
    """What the next batch scores with is somebody's choice."""
    assert scorecard.automation_conditions_by_key == {}


def test_the_sensor_looks_after_all_of_them_from_the_start() -> None:
    """On without anybody switching it on, under a name of our own: Dagster adds no second one."""
    assert (automation.SENSOR, dg.DefaultSensorStatus.RUNNING) == (
        automated.name,
        automated.default_status,
    )
    code = dg.Definitions([published, audit, proposals], sensors=[automated])
    assert [automated.name] == [each.name for each in code.get_repository_def().sensor_defs]
