"""What /metrics tells of an installation, and that dashboard and alerts ask for nothing else."""

from __future__ import annotations

import asyncio
import atexit
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from support.postgres import PostgresCluster

import orchestration
from dbt_project.catalogue import catalogue
from ingestion.event_log import NewEvent
from ingestion.gateway.app import create_app
from ingestion.gateway.config import GatewayConfig
from orchestration import connections, dagster_home
from orchestration.fast_lane.lane import Worked
from orchestration.observability import collector, runs
from orchestration.observability.collector import OperationsCollector
from orchestration.observability.lanes import LaneTally, line
from orchestration.settings import Settings
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.errors import LedgerUnavailableError
from reverse_etl.health import Health
from reverse_etl.model import Kind, Outcome
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded, task

HERE = Path(next(iter(orchestration.__path__))) / "observability"
DASHBOARD = json.loads((HERE / "grafana" / "millrace.json").read_text())
ALERTS = yaml.safe_load((HERE / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
SECOND = timedelta(seconds=1)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Stage:
    """An installation whose metrics are asked for at times that the test says."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, destinations="hubspot", hubspot={"token": "t"})
        self.log = connections.event_log(self.settings)
        self.ledger = connections.ledger(self.settings)
        self.lanes = LaneTally()
        self.sent = 0
        self.time = ManualTime()
        self.collector = OperationsCollector(
            self.settings, self.log, self.ledger, self.lanes, clock=self.time
        )
        list(self.collector.collect())  # it has read once

    def close(self) -> None:
        self.collector.close()
        self.log.close()
        self.ledger.close()

    def text(self) -> str:
        """What the service answers, gateway and all."""
        registry = collector.CollectorRegistry()
        registry.register(self.collector)
        app = create_app(
            GatewayConfig(),
            self.log,
            self.time,
            more_metrics=lambda: collector.generate_latest(registry),
        )

        async def ask() -> str:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                await client.post("/webhooks/typeform", content=b"{}")
                return (await client.get("/metrics")).text

        return asyncio.run(ask())

    def samples(self) -> Samples:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self.samples()[name, tuple(sorted(labels.items()))]

    def enqueue(self, *rows: Any) -> None:
        for action in {row.action for row in rows}:
            mine = [row for row in rows if row.action == action]
            self.ledger.enqueue(mine, destination="hubspot", action=action, now=self.time())

    def send(self, script: Callable[..., Outcome | None] = lambda *_: None) -> None:
        vendor = ScriptedConnector(script=script)
        self.sent += 1
        made = Dispatcher(
            self.ledger,
            {vendor.destination: vendor},
            clock=self.time,
            rng=seeded(self.sent),
            sleep=self.time.sleep,
        )
        with closing(made):
            asyncio.run(made.drain(timedelta(seconds=1)))

    def later(self, seconds: float = 60) -> None:
        self.time.now += timedelta(seconds=seconds)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with closing(Stage(tmp_path)) as made:
        yield made


def full(stage: Stage) -> None:
    """Something of everything that can be told."""
    stage.enqueue(*(contact(n) for n in range(3)), task(1))
    stage.send(lambda row, *_: Outcome(Kind.PERMANENT, "FIELD_REJECTED", status=400))
    stage.enqueue(task(7))
    stage.ledger.credentials.notice("hubspot", "fingerprint", stage.time() - 100 * SECOND)
    stage.ledger.credentials.keep("hubspot", "sealed", stage.time() + 100 * SECOND)
    stage.ledger.switches.turn_off("hubspot", who="ada", reason="test", now=stage.time())
    published = stage.settings.published.with_name("publication.json")
    published.parent.mkdir(parents=True)
    told = {"published_at": NOON.isoformat(), "log_position": 0, "digests": {}}
    published.write_text(json.dumps(told))
    stage.settings.lane_parity.write_text(json.dumps({"passed": False}))
    worked = Worked(5, 9, 5, 1, 1, 3, 2, {"models": 20.0}, deferred=1, left=(9,))
    stage.lanes.add(line(worked))
    _record_runs(stage.settings)
    stage.later()


def test_deliveries_are_counted_by_whoever_made_them(stage: Stage) -> None:
    """Tries of any process stand in the ledger; those before this service began do not count."""
    stage.enqueue(contact(0))
    stage.send()
    before = OperationsCollector(stage.settings, stage.log, stage.ledger, None, clock=stage.time)
    list(before.collect())
    stage.enqueue(contact(1), contact(2))
    stage.send()
    stage.later()
    with closing(before):
        [late] = [f for f in before.collect() if f.name == "millrace_delivery_attempts"]
    assert [2] == [sample.value for sample in late.samples]
    about = {"destination": "hubspot", "action": "upsert_contact"}
    good = {"kind": "delivered", "code": "DELIVERED"}
    assert 3 == stage.value("millrace_delivery_attempts_total", **about, **good)
    assert 2 == stage.value("millrace_delivery_request_seconds_count", destination="hubspot")
    assert 3 == stage.value("millrace_deliveries", destination="hubspot", state="delivered")


def test_what_waits_and_what_was_given_up(stage: Stage) -> None:
    """Dead letters by code, the wait of the oldest hot row, the breaker, and the budget."""
    stage.enqueue(contact(1))
    stage.send(lambda *_: Outcome(Kind.PERMANENT, "said-by-the-vendor", status=400))
    stage.enqueue(task(2))
    stage.ledger.settle("hubspot", [], stage.time(), learn=_broken)
    stage.later(90)
    hubspot = {"destination": "hubspot"}
    about = {**hubspot, "state": "dead", "code": "OTHER"}
    assert 1 == stage.value("millrace_deliveries_reason", **about)
    assert 90 == stage.value("millrace_hot_lead_wait_seconds", **hubspot)
    assert 1 == stage.value("millrace_breaker_open", **hubspot)
    assert 100 == stage.value("millrace_budget_requests_left", **hubspot)


def test_lag_is_told_in_events_and_seconds(stage: Stage) -> None:
    """Of the published copy here; a lane that never ran tells nothing instead of zero."""
    event = NewEvent("standard", "1", "webhook", NOON, b"{}", {}, "c")
    stage.log.append([event, replace(event, event_key="2")])
    full(stage)
    assert 2 == stage.value("millrace_warehouse_waiting_events")
    assert stage.value("millrace_warehouse_lag_seconds") >= 60
    assert not any(name == "millrace_lane_lag_seconds" for name, _ in stage.samples())


def test_micro_batches_are_summed(stage: Stage) -> None:
    """What each process of the lane says of its work is added up in the service."""
    worked = Worked(5, 9, 5, 1, 1, 3, 2, {"models": 20.0, "ledger": 30.0}, deferred=1, left=(8, 9))
    for _ in range(2):
        stage.lanes.add(line(worked))
    found = stage.samples()
    told = {name: found[f"millrace_lane_{name}_total", ()] for name in ("events", "left")}
    assert {"events": 10, "left": 4} == told
    assert pytest.approx(0.1) == found["millrace_lane_batch_seconds_sum", ()]


def test_the_last_batch_is_told_from_dagsters_own_storage(stage: Stage) -> None:
    """Its job, its end, whether it ended well; a run of another job is not asked for."""
    assert () == runs.last_runs(stage.settings)
    _record_runs(stage.settings)
    [found] = runs.last_runs(stage.settings)
    assert ("batch", False) == (found.job, found.succeeded)
    assert 0 < found.seconds < 60


def test_the_last_batch_is_told_from_a_server_too(
    postgres: PostgresCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Dagster's storage is on PostgreSQL; nothing before it has tables."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = Settings(home=tmp_path, dagster_url=postgres.new_database())
    assert () == runs.last_runs(settings)
    monkeypatch.setenv(dagster_home.URL_VARIABLE, settings.dagster_url)
    with dagster_home.instance(settings) as instance:
        _failing_batch().execute_in_process(instance=instance, raise_on_error=False)
    [found] = runs.last_runs(settings)
    assert ("batch", False) == (found.job, found.succeeded)


def test_labels_are_few_whatever_strangers_and_vendors_say(stage: Stage) -> None:
    """A thousand codes of a vendor, sources and people make no thousand series."""
    stage.samples()
    stage.enqueue(*(contact(n) for n in range(60)))
    codes = iter(range(10_000))
    stage.send(lambda *_: Outcome(Kind.PERMANENT, f"vendor-code-{next(codes)}", status=400))
    full(stage)
    found = stage.samples()
    assert len(found) < 200
    assert not any(
        "vendor-code" in value or "person" in value or "@" in value
        for _, labels in found
        for _, value in labels
    )


def test_a_ledger_that_cannot_be_read_does_not_fail_the_scrape(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of before are told with their age; that they are old is a metric, and said once
    with a code."""

    def refuse() -> None:
        raise LedgerUnavailableError("gone")

    stage.enqueue(contact(1))
    stage.later()
    stage.samples()
    monkeypatch.setattr(stage.ledger.gauges, "states", refuse)
    with capture_logs() as said:
        for _ in range(2):
            stage.later()
            found = stage.samples()
    assert 0 == found["millrace_readings_up", ()]
    assert 120 == found["millrace_readings_age_seconds", ()]
    assert ["METRICS_NOT_READ"] == [told["code"] for told in said]


def test_a_slow_ledger_does_not_hold_up_the_scrape(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks waits for a moment at most, then gets what was read before."""
    go_on = threading.Event()
    monkeypatch.setattr(collector, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(stage.ledger.gauges, "states", lambda: go_on.wait(30) and {})
    stage.later()
    try:
        assert 60 == stage.value("millrace_readings_age_seconds")
    finally:
        go_on.set()


def test_what_takes_long_is_read_more_seldom(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a ledger of millions a twentieth of the time is spent on reading, at most."""
    reads: list[datetime] = []

    def states() -> dict[tuple[str, str], int]:
        reads.append(stage.time())
        stage.later(2)
        return {}

    monkeypatch.setattr(stage.ledger.gauges, "states", states)
    for _ in range(10):
        stage.later(10)
        stage.samples()
    gaps = {(second - first).total_seconds() for first, second in pairwise(reads)}
    assert gaps == {42.0}


def test_each_metric_is_documented_and_named_by_convention(stage: Stage) -> None:
    """A help text, a unit at the end, and no name twice."""
    full(stage)
    families = list(text_string_to_metric_families(stage.text()))
    assert len(families) == len({family.name for family in families})
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch(r"millrace(_[a-z]+)+", family.name), family.name
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_events")), family.name


def test_dashboard_and_alerts_ask_for_metrics_that_are_told(stage: Stage) -> None:
    """Every name in an expression is one of the real output."""
    stage.samples()
    full(stage)
    families = list(text_string_to_metric_families(stage.text()))
    told = {sample.name for family in families for sample in family.samples} | {
        family.name + ("_total" if family.type == "counter" else "") for family in families
    }
    asked = [t["expr"] for panel in DASHBOARD["panels"] for t in panel.get("targets", ())]
    names = {
        name
        for expression in (*asked, *(rule["expr"] for rule in RULES))
        for name in re.findall(r"millrace_[a-z_]+", expression)
    }
    assert len(names) > 20
    assert set() == names - told


def test_the_dashboard_can_be_imported() -> None:
    """Ids are unique, each panel has a place of its own, a title and targets."""
    panels = DASHBOARD["panels"]
    assert len(panels) == len({panel["id"] for panel in panels})
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(places) == len(set(places))
    assert all(panel["title"] for panel in panels)
    shown = [panel for panel in panels if panel["type"] != "row"]
    assert all(panel["targets"] for panel in shown)
    assert all(len({t["refId"] for t in p["targets"]}) == len(p["targets"]) for p in shown)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_names_its_code_and_runbook(rule: Mapping[str, Any]) -> None:
    """The code is in the catalogue, the runbook's heading is the code."""
    code = rule["labels"]["code"]
    assert code in catalogue()
    assert f"orchestration/RUNBOOKS.md#{code.lower()}" == rule["annotations"]["runbook_url"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith((".", "`millrace dlq list`."))


def test_each_alert_fires_when_it_should_and_else_is_silent() -> None:
    """By Prometheus' own tool, where it is installed; the cases name every rule."""
    cases = Path(__file__).with_name("prometheus") / "alerts.test.yml"
    assert [rule["alert"] for rule in RULES if rule["alert"] not in cases.read_text()] == []
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([tool, "test", "rules", str(cases)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _broken(health: Health) -> Health:
    return replace(health, breaker=replace(health.breaker, opened_at=NOON))


def _record_runs(settings: Settings) -> None:
    """What Dagster writes of a batch that failed."""
    history = settings.dagster_home / "history"
    history.mkdir(parents=True)
    shutil.copy(_history() / "runs.db", history)


def _failing_batch() -> dg.JobDefinition:
    @dg.op
    def fails() -> None:
        raise ValueError

    @dg.job
    def batch() -> None:
        fails()

    return batch


@cache
def _history() -> Path:
    home = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, home)
    settings = Settings(home=home)
    with dagster_home.instance(settings) as instance:
        _failing_batch().execute_in_process(instance=instance, raise_on_error=False)
    return settings.dagster_home / "history"
