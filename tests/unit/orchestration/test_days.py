"""Days that are picked in Dagster's dialog: one run for all of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion.event_log import EventLog, NewEvent

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries, at import
    from orchestration.defs.ingest import days, pulls

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventLog]:
    """An event at noon of each of five days."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    with closing(EventLog.open(f"sqlite:///{tmp_path}/event_log.sqlite")) as log:
        log.append([event(NOON + timedelta(days=number)) for number in range(5)])
        yield log


def event(at: datetime, source: str = "shop") -> NewEvent:
    return NewEvent(source, at.date().isoformat(), "webhook", at, b"{}", {}, "c")


def pick(asset: dg.AssetsDefinition, first: str, last: str, **config: Any) -> dict[str, Any]:
    """Make an asset of a range of days; what it told of them."""
    with warnings.catch_warnings(), dg.DagsterInstance.ephemeral() as instance:
        warnings.simplefilter("ignore")
        result = dg.materialize(
            [asset], instance=instance, tags={START: first, END: last}, run_config=config or None
        )
        told = result.asset_materializations_for_node(asset.node_def.name)
    assert {str(date.fromisoformat(first) + timedelta(days=n)) for n in range(len(told))} == {
        each.partition for each in told
    }
    return {name: entry.value for name, entry in told[0].metadata.items()}


def test_a_range_of_the_log_is_read_again_in_one_run(log: EventLog) -> None:
    """Both ends included, each event once, under one replay id; every day counts as made."""
    done = pick(days.replayed_days, "2026-03-03", "2026-03-05")
    assert (3, 3) == (done["chosen"], done["appended"])
    copies = [each.event_key for each in log.read(after=5)]
    assert [f"replay:{done['replay_id']}:2026-03-0{day}" for day in (3, 4, 5)] == copies


def test_only_one_source_is_read_again(log: EventLog) -> None:
    """As the launchpad's configuration says."""
    log.append([event(NOON, source="stripe")])
    config = {"log__replayed_days": {"config": {"source": "stripe"}}}
    assert 1 == pick(days.replayed_days, "2026-03-02", "2026-03-06", ops=config)["appended"]


def test_a_vendor_is_asked_for_the_days_that_were_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all of them at once."""
    asked: list[Any] = []

    def pull(_settings: Any, name: str, *, days: Any) -> pulls.pull_assets.Told:
        asked.append((name, days))
        return pulls.pull_assets.Told({"new": 2}, "")

    monkeypatch.setattr(pulls.pull_assets, "pull", pull)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        asset = pulls.pulled_by_day("meta")
    assert 2 == pick(asset, "2026-03-02", "2026-03-04")["new"]
    assert [("meta", (date(2026, 3, 2), date(2026, 3, 4)))] == asked


def test_today_can_be_picked() -> None:
    """Its day has not ended, but what came so far is there."""
    assert "2026-03-02" == days.DAYS.get_partition_keys(current_time=NOON)[-1]
