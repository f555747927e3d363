"""A run that is killed while sensors are on: somebody tries again, and only once."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from acceptance_play import play, stage
from harness import Installation, Parsed, free_port, graphql, sandbox_state, wait_until

from ingestion.sandbox.personas import hot_lead

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
EVENTS = """
query ($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
    ... on MessageEvent { message } } } } }
"""
JOB = "refresh_warehouse"
PROCESS = re.compile(r"in process \(pid: (\d+)\)")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the UI knows it."""

    id: str
    job: str
    status: str
    tags: Mapping[str, str]

    @property
    def target(self) -> str:
        """What a sensor asked it to reach."""
        return self.tags.get("dagster/run_key", "").split(":")[1]


@dataclass(frozen=True, slots=True)
class Installed:
    """The UI with its daemon, the gateway and the vendors, all running."""

    ui: str
    gateway: str
    sandbox: str

    def ask(self, query: str, **variables: str) -> dict[str, Any]:
        return graphql(self.ui, query, **variables)

    def runs(self) -> list[Run]:
        """Newest first."""
        return [
            Run(
                found["runId"],
                found["jobName"],
                found["status"],
                {tag["key"]: tag["value"] for tag in found["tags"]},
            )
            for found in self.ask(RUNS)["runsOrError"]["results"]
        ]

    def refreshes(self) -> list[Run]:
        return [run for run in self.runs() if run.job == JOB]

    def process_of(self, run: Run) -> int | None:
        """The process of a run, once it has said so."""
        told = self.ask(EVENTS, run=run.id)["logsForRun"]["events"]
        found = PROCESS.search(" ".join(event.get("message", "") for event in told))
        return int(found[1]) if found else None


@pytest.fixture(params=["files", "postgresql"])
def installed(request: pytest.FixtureRequest, parsed: Parsed) -> Iterator[Installed]:
    """Dagster keeps its runs in files, or in PostgreSQL."""
    made = Installation(parsed.folder / f"retries-{request.param}", parsed)
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_url")
        made.environment["MILLRACE_DAGSTER_URL"] = database
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        sandbox, gateway = made.start_sandbox(), made.start_service(roles="gateway")
        made.start(
            *("ui", "--port", str(port)),
            ready=f"{url}/server_info",
            seconds=400,
            in_background=True,
        )
        parsed.keep(made.home)
        yield Installed(url, gateway, sandbox)
    finally:
        made.stop()


def test_a_killed_run_is_followed_by_one(installed: Installed) -> None:
    """The sensor asks again for what was not reached; Dagster itself does not, so that nothing is
    loaded, built or sent by two runs."""
    play(installed.gateway, [hot_lead(stage(installed.gateway))])
    wait_for(lambda: bool(installed.refreshes()), what="the sensor to ask")
    [first] = installed.refreshes()
    wait_for(lambda: bool(installed.process_of(first)), what="the run to begin")
    os.kill(installed.process_of(first) or 0, signal.SIGKILL)

    def reached() -> bool:
        return any(run.status == "SUCCESS" for run in installed.refreshes())

    wait_for(reached, what="another run to reach what the first one did not")
    asked = [run for run in installed.refreshes() if run.target == first.target]
    assert ["SUCCESS", "FAILURE"] == [run.status for run in asked]
    assert first.id == asked[1].id

    def delivered() -> bool:
        return bool(objects(installed).get("tasks"))

    wait_for(delivered, what="the call task")
    assert [] == [run for run in installed.runs() if "dagster/retry_number" in run.tags]
    held = objects(installed)
    emails = Counter(contact["properties"]["email"] for contact in held["contacts"])
    assert (1, 1) == (max(emails.values()), len(held["tasks"]))


def wait_for(condition: Callable[[], bool], *, what: str) -> None:
    """Look now and then: each look costs the daemon, which is waited for, time."""
    wait_until(condition, seconds=600, what=what, every=2)


def objects(installed: Installed) -> Mapping[str, Any]:
    found: Mapping[str, Any] = sandbox_state(installed.sandbox, "hubspot")["objects"]
    return found
