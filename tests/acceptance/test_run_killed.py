"""A batch that is killed on the way is given up by Dagster, and the next does nothing twice."""

from __future__ import annotations

import json
import logging
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
from acceptance_play import plan_faults, play, stage
from dagster._daemon.monitoring.run_monitoring import monitor_started_run
from harness import COMMAND, Installation, sandbox_state, wait_until

from ingestion.sandbox.personas import consenting_customer, duplicate_sender, hot_lead, merged_pair

pytestmark = pytest.mark.slow

# The vendor acts on the first contacts and its answer is lost; tasks have to wait.
FAULTS = (
    {"vendor": "hubspot", "path": "contacts/batch", "fault": "drop_after", "first": 1},
    {"vendor": "hubspot", "path": "tasks", "fault": "status_503", "retry_after": 60},
)
STORIES = (hot_lead, duplicate_sender, consenting_customer, merged_pair)


@dataclass(frozen=True, slots=True)
class Killed:
    """What Dagster said of the run before and after it looked, what the CRM held when the run was
    killed and in the end, and the accounts."""

    run_states: tuple[str, str]
    held_then: Mapping[str, Any]
    held: Mapping[str, Any]
    status: Mapping[str, Any]


@pytest.fixture(scope="module")
def killed(installation: Installation) -> Killed:
    sandbox = installation.start_sandbox()
    service = installation.start_service()
    now = stage(service)
    play(service, [tell(now) for tell in STORIES])
    plan_faults(sandbox, *FAULTS)
    with subprocess.Popen(
        [COMMAND, "run", "--json"],
        env=installation.environment,
        cwd=installation.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as batch:
        wait_until(lambda: bool(objects(sandbox)), seconds=240, what="the first object in the CRM")
        batch.kill()
    then = objects(sandbox)
    plan_faults(sandbox)
    states = looked_after(installation)
    installation.json("run")
    wait_until(lambda: settled(installation), seconds=90, what="everything to be delivered")
    return Killed(states, then, objects(sandbox), installation.json("status"))


def objects(sandbox: str) -> Mapping[str, Any]:
    held = sandbox_state(sandbox, "hubspot")["objects"]
    return {kind: there for kind, there in held.items() if there}


def looked_after(installation: Installation) -> tuple[str, str]:
    """The state of the killed run, before and after what Dagster's daemon does."""
    with dg.DagsterInstance.from_config(str(installation.home / "dagster")) as instance:
        [record] = instance.get_run_records()
        monitor_started_run(instance, None, record, logging.getLogger("test"))  # type: ignore[arg-type]
        after = instance.get_run_by_id(record.dagster_run.run_id)
        assert after is not None
        return record.dagster_run.status.value, after.status.value


def settled(installation: Installation) -> bool:
    installation.json("activate")
    states = installation.json("status")["deliveries"]
    return not sum(states[state] for state in ("pending", "in_flight", "unknown"))


def test_dagster_gives_the_run_up(killed: Killed) -> None:
    """It counts as under way until somebody looks, then as failed: its pool is free."""
    assert ("STARTED", "FAILURE") == killed.run_states


def test_every_object_is_there_once(killed: Killed) -> None:
    """What the killed run had sent is found, and what it had not follows."""
    assert killed.held_then["contacts"]
    assert "tasks" not in killed.held_then
    emails = Counter(contact["properties"]["email"] for contact in killed.held["contacts"])
    assert len(emails) > 2
    assert {1} == set(emails.values())
    tasks = [json.dumps(task["properties"], sort_keys=True) for task in killed.held["tasks"]]
    assert len(tasks) == len(set(tasks))


def test_the_accounts_are_balanced(killed: Killed) -> None:
    """Nothing disappeared and nothing may have been repeated."""
    accounting = killed.status["accounting"]
    assert accounting["events_balanced"]
    assert accounting["deliveries_balanced"]
