"""Dagster as the team sees it: a webhook arrives, and sensors do the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from harness import SECRETS, Installation, free_port, graphql, sandbox_state, wait_until

from ingestion.sandbox.personas import Stage, consenting_customer, hot_lead, live_lead

pytestmark = pytest.mark.timeout(900)

ASSETS = """
{ assetNodes { assetKey { path } groupName dependencyKeys { path } hasAssetChecks description kinds
    owners { ... on TeamAssetOwner { team } } tags { key value }
    metadataEntries { __typename label } } }
"""
SENSORS = """
{ repositoriesOrError { ... on RepositoryConnection { nodes {
    sensors { name sensorState { status } } schedules { name scheduleState { status } }
    jobs { name } } } } }
"""
LAUNCHPAD = """
query ($job: PipelineSelector!) { runConfigSchemaOrError(selector: $job, mode: "default") {
    ... on RunConfigSchema { rootDefaultYaml } } }
"""
VALID = """
query ($job: PipelineSelector!, $config: RunConfigData!) {
    isPipelineConfigValid(pipeline: $job, mode: "default", runConfigData: $config) { __typename } }
"""
PICK_DAYS = """
mutation ($picked: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $picked) {
    __typename ... on LaunchBackfillSuccess { backfillId } } }
"""
RUNS_OF = """
query ($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results { status } } } }
"""
RUNS = "{ runsOrError { ... on Runs { results { jobName status } } } }"


@dataclass(frozen=True, slots=True)
class Dagster:
    """The running web server, asked through the API that its own pages use."""

    url: str
    sandbox: str
    service: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        return graphql(self.url, query, **variables)

    def runs(self) -> list[tuple[str, str]]:
        return [(run["jobName"], run["status"]) for run in self.ask(RUNS)["runsOrError"]["results"]]


@pytest.fixture(scope="module")
def dagster(installation: Installation) -> Dagster:
    sandbox = installation.start_sandbox()
    service = installation.start_service(roles="gateway")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    ready = f"{url}/server_info"
    installation.start("ui", "--port", str(port), ready=ready, seconds=300, in_background=True)
    return Dagster(url, sandbox, service)


def test_groups_read_from_left_to_right(dagster: Dagster) -> None:
    """Assets come in five groups, and no asset depends on one of a later group."""
    order = ["ingestion", "staging", "marts", "activation", "operations"]
    nodes = dagster.ask(ASSETS)["assetNodes"]
    group = {tuple(node["assetKey"]["path"]): node["groupName"] for node in nodes}
    backward = [
        (node["assetKey"]["path"], dependency["path"])
        for node in nodes
        for dependency in node["dependencyKeys"]
        if order.index(group[tuple(dependency["path"])]) > order.index(node["groupName"])
    ]

    assert set(group.values()) == set(order)
    assert backward == []
    assert group["raw", "events"] == "ingestion"


def test_contracts_are_checks_on_their_assets(dagster: Dagster) -> None:
    """Great Expectations shows at the three borders: raw, canonical, activation."""
    checked = {
        "/".join(node["assetKey"]["path"])
        for node in dagster.ask(ASSETS)["assetNodes"]
        if node["hasAssetChecks"]
    }

    assert {"raw/events", "marts/dim_people", "ledger/hubspot_contacts"} <= checked
    assert "warehouse/published" in checked  # both lanes agree


def test_every_asset_says_whose_and_what_it_is(dagster: Dagster) -> None:
    """Owner, layer, kind and description everywhere; columns on every table that has a contract."""
    for node in dagster.ask(ASSETS)["assetNodes"]:
        told = "/".join(node["assetKey"]["path"])
        assert node["owners"], told
        assert {"layer": node["groupName"]} == {
            tag["key"]: tag["value"] for tag in node["tags"] if tag["key"] == "layer"
        }, told
        assert node["kinds"], told
        assert node["description"], told
        if node["groupName"] == "marts" and told.startswith("marts/"):
            labels = {entry["label"] for entry in node["metadataEntries"]}
            assert "dagster/column_schema" in labels, told


def test_jobs_for_repairs_are_at_the_launchpad(dagster: Dagster) -> None:
    """Rebuild, backfill, replays and erasure can be started by hand."""
    (repository,) = dagster.ask(SENSORS)["repositoriesOrError"]["nodes"]
    assert {
        "full_rebuild", "backfill", "replay_dead_letters", "replay_webhooks", "erase_person",
        "audit",
    } <= {job["name"] for job in repository["jobs"]}  # fmt: skip


@pytest.mark.parametrize(
    "job", ["full_rebuild", "backfill", "replay_dead_letters", "replay_webhooks", "erase_person"]
)
def test_what_the_launchpad_proposes_is_valid(dagster: Dagster, job: str) -> None:
    """Somebody may open it and press the button: the configuration that it begins with holds."""
    selector = {
        "pipelineName": job,
        "repositoryName": "__repository__",
        "repositoryLocationName": "millrace",
    }
    proposed = dagster.ask(LAUNCHPAD, job=selector)["runConfigSchemaOrError"]["rootDefaultYaml"]
    config = yaml.safe_load(proposed)
    checked = dagster.ask(VALID, job=selector, config=config)["isPipelineConfigValid"]
    assert "PipelineConfigValidationValid" == checked["__typename"], (proposed, checked)


def test_sensors_run_without_anybody_switching_them_on(dagster: Dagster) -> None:
    """New log rows, MQL push and conversion push, alerts and schedules are on after the first
    start."""
    (repository,) = dagster.ask(SENSORS)["repositoriesOrError"]["nodes"]
    states = {s["name"]: s["sensorState"]["status"] for s in repository["sensors"]}

    assert {"new_log_rows", "mql_push", "conversion_push"} <= set(states)
    assert {"alert_dead_letters", "alert_failed_runs", "automation"} <= set(states)
    schedules = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
    assert {"nightly_batch"} <= set(schedules)
    assert {*states.values(), *schedules.values()} == {"RUNNING"}


@pytest.mark.slow
def test_webhooks_reach_crm_and_meta_through_the_sensors(
    dagster: Dagster, installation: Installation
) -> None:
    """Nobody types a command: a hot lead becomes contact and task, a won deal a conversion; what
    the contracts said of them at all borders is on one page."""
    secrets = {
        name.removeprefix("MILLRACE_WEBHOOK_SECRET_").lower(): secret
        for name, secret in SECRETS.items()
    }
    stage = Stage(secrets, dagster.service, datetime.now(UTC))
    for persona in (hot_lead(stage), consenting_customer(stage)):
        for webhook in persona.webhooks:
            httpx.post(
                dagster.service + webhook.path, content=webhook.body, headers=dict(webhook.headers)
            ).raise_for_status()

    def everything_arrived() -> bool:
        crm = sandbox_state(dagster.sandbox, "hubspot")["objects"]
        meta = sandbox_state(dagster.sandbox, "meta")["objects"]
        counts = [len(crm.get("contacts", [])), len(crm.get("tasks", [])), len(meta["events"])]
        return counts == [2, 1, 1]

    wait_until(everything_arrived, seconds=400, what="two contacts, one task, one conversion")
    finished = {job for job, status in dagster.runs() if status == "SUCCESS"}
    assert "refresh_warehouse" in finished
    assert "FAILURE" not in {status for _, status in dagster.runs()}
    page = (installation.home / "quality" / "index.html").read_text()
    for table in ("raw.events", "marts.dim_people", "activation.act_hubspot__contacts"):
        assert f'<b class="passed">passed</b> <code>{table}</code> contract' in page


@pytest.mark.slow
def test_days_are_picked_in_the_dialog(dagster: Dagster, installation: Installation) -> None:
    """A range of days of the log, today among them, is one run, which reads them once more."""
    now = datetime.now(UTC)
    stage = Stage({"typeform": SECRETS["MILLRACE_WEBHOOK_SECRET_TYPEFORM"]}, dagster.service, now)
    for webhook in live_lead(stage).webhooks:
        httpx.post(
            dagster.service + webhook.path, content=webhook.body, headers=dict(webhook.headers)
        ).raise_for_status()
    picked = {
        "assetSelection": [{"path": ["log", "replayed_days"]}],
        "partitionNames": [str(now.date() - timedelta(days=ago)) for ago in (2, 1, 0)],
    }
    launched = dagster.ask(PICK_DAYS, picked=picked)["launchPartitionBackfill"]
    assert "LaunchBackfillSuccess" == launched["__typename"], launched
    wanted = {"tags": [{"key": "dagster/backfill", "value": launched["backfillId"]}]}

    def statuses() -> list[str]:
        found = dagster.ask(RUNS_OF, filter=wanted)["runsOrError"]["results"]
        return [run["status"] for run in found]

    wait_until(
        lambda: {"SUCCESS"} == set(statuses()),
        seconds=300,
        what="the days to be read again",
        every=2,
    )
    assert ["SUCCESS"] == statuses()
    exported = installation.millrace("log", "export").stdout.splitlines()
    keys = [json.loads(line)["event_key"] for line in exported]
    assert any(key.startswith("replay:") for key in keys)


LOAD = """
import json, sys, time
from orchestration.definitions import defs
defs()
heavy = ("great_expectations", "pandas", "sklearn", "splink", "dbt.cli.main")
print(json.dumps([time.process_time(), [name for name in heavy if name in sys.modules]]))
"""


@pytest.mark.slow
def test_the_code_location_is_light(dagster: Dagster, installation: Installation) -> None:
    """It loads without Great Expectations, pandas and their like, and does not grow heavy unseen:
    4 s of processor time are usual."""
    assert dagster.url  # what dbt parses first is there
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        cwd=installation.home,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seconds, heavy = json.loads(done.stdout.splitlines()[-1])

    assert heavy == []
    assert seconds <= 8


@pytest.mark.slow
def test_definitions_validate(installation: Installation) -> None:
    """`dagster definitions validate` passes in a checkout, as continuous integration runs it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate"],
        cwd=Path(__file__).resolve().parents[2],
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
