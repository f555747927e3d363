"""The jobs that somebody starts by hand, on a home with a log, a ledger, a warehouse and a CRM."""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from acceptance_play import plan_faults, play, stage
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)
from harness import Installation, sandbox_state

from ingestion.sandbox.personas import consenting_customer, hot_lead, merged_pair
from orchestration import connections, dagster_home, warehouse
from orchestration.columns import known as columns_known
from orchestration.incremental.run import last_build
from orchestration.settings import load_settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),  # of the libraries that a batch brings into this process
]

RANGE = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
REFUSES_TASKS = {"vendor": "hubspot", "path": "tasks", "fault": "status_400"}
ROWS = ("marts.dim_people", "marts.fct_mqls", "marts.fct_activities", "marts.fct_opportunities")
PEOPLE = "select person_id, email from marts.dim_people where email is not null"
HANNA = "hanna.hot@brightforge.io"


@dataclass(frozen=True, slots=True)
class Team:
    """Somebody at the launchpad: the code location, Dagster's instance, and the simulated CRM."""

    defs: dg.Definitions
    instance: dg.DagsterInstance
    sandbox: str
    home: Path

    def start(
        self,
        job: str,
        config: Mapping[str, Any] | None = None,
        days: tuple[date, date] | None = None,
    ) -> dict[str, Any]:
        """Run a job to its end, for these days where it has days; what it reported."""
        tags = dict(zip(RANGE, map(str, days), strict=True)) if days else {}
        result = self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config=dict(config or {}), raise_on_error=True, tags=tags
        )
        assert result.success
        entries: dict[str, Any] = {}
        for event in result.all_events:
            if event.is_successful_output:
                entries |= event.step_output_data.metadata
            if event.is_step_materialization:
                entries |= event.step_materialization_data.materialization.metadata
        return {name: entry.value for name, entry in entries.items()}

    def batch(self) -> dict[str, Any]:
        return self.start("batch")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the published copy."""
        with warehouse.connect(load_settings().published) as copy:
            return copy.execute(sql).fetchall()

    def event_keys(self) -> list[str]:
        """Of every event in the log."""
        with closing(connections.event_log(load_settings())) as log:
            return [event.event_key for event in log.read(limit=10_000)]

    def held(self) -> dict[str, list[dict[str, Any]]]:
        """Every object and event that a vendor was given, as the properties that were sent."""
        crm = sandbox_state(self.sandbox, "hubspot")["objects"]
        told = {kind: [each["properties"] for each in there] for kind, there in crm.items()}
        return told | {"conversions": sandbox_state(self.sandbox, "meta")["objects"]["events"]}

    def deliveries(self) -> Counter[str]:
        with closing(connections.ledger(load_settings())) as ledger:
            return Counter(ledger.counts().by_state)


@pytest.fixture(scope="module")
def team(installation: Installation) -> Iterator[Team]:
    """A batch has run; the CRM refused the call task of a hot lead."""
    sandbox = installation.start_sandbox()
    service = installation.start_service(roles="gateway")
    now = stage(service)
    play(service, [tell(now) for tell in (hot_lead, consenting_customer, merged_pair)])
    plan_faults(sandbox, REFUSES_TASKS)
    before, folder = dict(os.environ), Path.cwd()
    os.environ.update(installation.environment)
    os.chdir(installation.home)
    try:
        with warnings.catch_warnings(), dagster_home.instance(load_settings()) as instance:
            warnings.simplefilter("ignore")
            from orchestration.definitions import defs

            team = Team(defs(), instance, sandbox, installation.home)
            for _ in range(2):  # the second one reads what the vendors answered
                team.batch()
            yield team
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def test_a_full_rebuild_gives_the_same_rows(team: Team) -> None:
    """From an empty warehouse and the whole log; every position of the log is there again."""
    before = {table: team.rows(f"from {table} order by all") for table in ROWS}
    team.start("full_rebuild")
    assert all(before.values())
    assert before == {table: team.rows(f"from {table} order by all") for table in ROWS}
    assert "full" == last_build(load_settings()).kind  # type: ignore[union-attr]


def test_a_full_build_tells_where_columns_come_from(team: Team) -> None:
    """The materialization leads from a mart's column to its parents, and counts the rows."""
    event = team.instance.get_latest_materialization_event(dg.AssetKey(["marts", "dim_people"]))
    assert event is not None
    metadata = event.asset_materialization.metadata  # type: ignore[union-attr]
    golden = dg.AssetKey(["intermediate", "int_golden_records"])
    traced = metadata["dagster/column_lineage"].value.deps_by_column  # type: ignore[union-attr]
    assert [dg.TableColumnDep(golden, "email")] == list(traced["email"])
    columns = metadata["dagster/column_schema"].value.columns  # type: ignore[union-attr]
    assert ("VARCHAR", True) == next((c.type, bool(c.description)) for c in columns)
    assert len(team.rows("from marts.dim_people")) == metadata["dagster/row_count"].value
    known = columns_known.read(load_settings().dbt_target)
    assert len(known.tables) > 200
    assert () == known.untraced


def test_days_are_read_again_and_nobody_is_told_twice(team: Team) -> None:
    """A backfill appends copies under the id of its run; the next batch delivers nothing."""
    held, asked = team.held(), team.event_keys()
    today = datetime.now(UTC).date()
    done = team.start("backfill", days=(today - timedelta(days=9), today))
    copies = [key for key in team.event_keys() if key.startswith(f"replay:{done['replay_id']}:")]
    assert done["appended"] == len(copies) > 5
    assert not set(copies) & set(asked)
    team.batch()
    assert held == team.held()


def test_webhooks_are_read_again_by_position(team: Team) -> None:
    """One by its position, or a source's in a range; the people stay who they are."""
    held, people = team.held(), team.rows(PEOPLE)
    one = team.start("replay_webhooks", ops("replay_these", positions=[1]))
    some = team.start(
        "replay_webhooks",
        ops("replay_these", source="hubspot", first_position=1, last_position=5),
    )
    assert 1 == one["appended"]
    assert 1 <= some["appended"] <= 5
    assert one["replay_id"] != some["replay_id"]
    team.batch()
    assert sorted(people) == sorted(team.rows(PEOPLE))
    assert held == team.held()


def test_dead_letters_are_queued_again_and_delivered(team: Team) -> None:
    """The task that the CRM refused is there once after its cause is mended."""
    dead = team.deliveries()["dead"]
    assert dead >= 1
    assert not team.held().get("tasks")
    plan_faults(team.sandbox)
    done = team.start("replay_dead_letters", ops("requeue", destination="hubspot"))
    assert dead == done["queued_again"]
    assert 0 == team.deliveries()["dead"]
    team.start("push_mqls")
    assert 1 == len(team.held()["tasks"])


def test_a_person_is_gone_with_a_proof(team: Team) -> None:
    """From log, warehouse and published copy; the proof is a decision in the log."""
    ((person_id,),) = team.rows(f"select person_id from marts.dim_people where email = '{HANNA}'")
    others = len(team.rows(PEOPLE)) - 1
    proof = team.start("erase_person", ops("erase", person_id=person_id))
    assert proof["events_emptied"] >= 1
    with closing(connections.event_log(load_settings())) as log:
        events = log.read(limit=10_000)
    assert f"erased:{proof['erasure_id']}" in {event.event_key for event in events}
    assert not any(HANNA.encode() in event.body for event in events)
    assert others == len(team.rows(PEOPLE))
    assert HANNA not in json.dumps(team.rows(PEOPLE))
    found = [
        file.name for file in team.home.rglob("*.duckdb") if HANNA.encode() in file.read_bytes()
    ]
    assert [] == found


def ops(name: str, **config: Any) -> dict[str, Any]:
    """As it is typed at the launchpad."""
    return {"ops": {name: {"config": config}}}
