"""What the daily review finds, and in what words."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import pytest
from typer.testing import CliRunner

from ingestion.api.keys import KeyStore
from ingestion.api.scopes import Scope
from ingestion.event_log import NewEvent
from orchestration import connections, dagster_home
from orchestration.review import report
from orchestration.review.facts import Accounts, Activity, Automation, Facts, Secret
from orchestration.review.findings import PARTS, Finding, review
from orchestration.review.gather import gather
from orchestration.settings import Settings
from orchestration.velocity import Journey, Track
from reverse_etl.ledger import DeadGroup

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HOT = Track("typeform", "hubspot", "create_task", True)
CLEAN = Facts(
    begun_at=NOON - 100 * DAY,
    activities=[Activity("source", "stripe", NOON - DAY)],
    automations=[Automation("sensor", "alert_failed_runs", True)],
    daemon_seen_at=NOON - SECOND,
    alert_targets=["slack"],
    objective_seconds=60,
    journeys=[],
    dead=[],
    secrets=[Secret("token", "hubspot", 90)],
    secret_max_days=90,
    accounts=Accounts(True, True, "", ""),
)


def found(**facts: Any) -> list[Finding]:
    return review(replace(CLEAN, **facts), now=NOON)


def test_where_all_is_well_there_is_nothing_to_say() -> None:
    """Every part looked and found nothing."""
    assert [] == found()


@pytest.mark.parametrize(
    ("activity", "idle"),
    [
        (Activity("source", "stripe", NOON - 30 * DAY), False),
        (Activity("source", "stripe", NOON - 31 * DAY), True),
        (Activity("destination", "ga4", None), True),
        (Activity("API key", "shop", None, since=NOON - 2 * DAY), False),
        (Activity("score rule", "v1:title", None, since=NOON - 40 * DAY), True),
    ],
)
def test_what_does_nothing_for_thirty_days_is_a_zombie(activity: Activity, idle: bool) -> None:
    """Counted from its last deed, else from when it could have begun."""
    codes = [finding.code for finding in found(activities=[activity])]
    assert codes == (["ACTIVITY_NONE"] if idle else [])
    if idle:
        assert activity.name in found(activities=[activity])[0].what


def test_nothing_is_idle_in_an_installation_that_is_new() -> None:
    """Before thirty days have gone, no silence means anything; nor before the first event."""
    for begun_at in (NOON - 29 * DAY, None):
        assert [] == found(begun_at=begun_at, activities=[Activity("sensor", "mql_push", None)])


def test_what_would_fail_unseen_is_told() -> None:
    """A stopped schedule, no daemon, no chat, and the sensor that watches all jobs."""
    stopped = [Automation("schedule", "nightly_batch", False)]
    assert ["AUTOMATION_STOPPED"] == [each.code for each in found(automations=stopped)]
    assert ["AUTOMATION_STOPPED"] == [each.code for each in found(daemon_seen_at=None)]
    late = NOON - timedelta(minutes=11)
    assert "2026-03-02 11:49" in found(daemon_seen_at=late)[0].what
    assert ["ALERTS_OFF"] == [each.code for each in found(alert_targets=[])]
    blind = [Automation("sensor", "alert_failed_runs", False)]
    assert ["AUTOMATION_STOPPED", "ALERTS_OFF"] == [e.code for e in found(automations=blind)]


def test_slow_hot_leads_are_counted_with_the_worst_and_the_step() -> None:
    """Only hot ones above the objective; one that still waits counts, where it waits."""
    at = NOON - 300 * SECOND
    slow = Journey(HOT, at, at, at + 70 * SECOND, at + 71 * SECOND, at + 72 * SECOND)
    slower = Journey(HOT, at, at, at + 100 * SECOND, at + 101 * SECOND, at + 102 * SECOND)
    quick = Journey(HOT, at, at, at, at, at + 60 * SECOND)
    cold = replace(slow, track=HOT._replace(hot=False))
    (finding,) = found(journeys=[slow, slower, quick, cold])
    assert ("LEAD_VELOCITY", 2) == (finding.code, finding.size)
    assert "2 hot leads took longer than 60 s to hubspot, the worst 102.0 s" in finding.what
    assert "received to recorded" in finding.what
    (waits,) = found(journeys=[Journey(HOT, at, at, at + SECOND)])
    assert "recorded to requested" in waits.what


def test_dead_letters_are_grouped_by_what_repairs_them() -> None:
    """Two destinations with one code are one job for one person; the most comes first."""
    dead = [
        DeadGroup("hubspot", "EXPIRED", 2),
        DeadGroup("meta", "EXPIRED", 3),
        DeadGroup("hubspot", "CONTACT_EMAIL_TAKEN", 1),
    ]
    first, second = found(dead=dead)
    assert ("EXPIRED", 5) == (first.code, first.size)
    assert "3 EXPIRED at meta, 2 EXPIRED at hubspot" in first.what
    assert ("CONTACT_EMAIL_TAKEN", 1) == (second.code, second.size)


def test_old_secrets_and_accounts_that_do_not_add_up() -> None:
    """91 days are too many; a balance that fails tells its figures."""
    assert ["CREDENTIAL_OLD"] == [e.code for e in found(secrets=[Secret("token", "meta", 91)])]
    wrong = found(accounts=Accounts(False, True, "3 received, but 2 applied", ""))
    assert [("ACCOUNTS_UNBALANCED", "Events: 3 received, but 2 applied.")] == [
        (each.code, each.what) for each in wrong
    ]


def test_what_could_not_be_looked_at_is_a_finding() -> None:
    """A review that saw half of it does not say that all is well."""
    (finding,) = found(unread=[("LEDGER_UNAVAILABLE", "Dead letters: no")], accounts=None)
    assert ("not looked at", "LEDGER_UNAVAILABLE") == (finding.part, finding.code)


def test_the_report_shows_every_finding() -> None:
    """As a page by parts, and for programs; a bar in a text breaks no table."""
    findings = [*found(alert_targets=[]), Finding("zombies", "ACTIVITY_NONE", "a|b", "c")]
    page = report.markdown(findings, now=NOON)
    assert "2 things to look at" in page
    assert "| ACTIVITY_NONE | a\\|b | c |" in page
    assert "nothing to do" in report.markdown([], now=NOON)
    told = report.as_dict(findings, now=NOON)
    assert {"ALERTS_OFF": 1, "ACTIVITY_NONE": 1} == told["codes"]
    assert not told["clean"]
    assert 7 == len(PARTS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, destinations=("hubspot",))
    with closing(connections.event_log(settings)) as log:
        at = NOON - 50 * DAY
        log.append([NewEvent("shop", "1", "webhook", at, b"{}", {}, "c")])
    return settings


def gathered(settings: Settings) -> Facts:
    return gather(
        settings,
        automations=[],
        sensors=[],
        daemon_seen_at=NOON,
        alert_targets=["slack"],
        now=NOON,
    )


def test_facts_come_from_the_stores(settings: Settings) -> None:
    """The first event, who sent last, which key could have; without a copy its parts are unread."""
    with closing(KeyStore.open(settings.log_url)) as keys:
        keys.create("web shop", [Scope.parse("shop:write")], NOON - 60 * DAY)
    facts = gathered(settings)
    idle = {(each.thing, each.name.split(" (")[0]): each.last_at for each in facts.activities}
    assert NOON - 50 * DAY == facts.begun_at
    assert NOON - 50 * DAY == idle["source", "shop"] == idle["API key", "web shop"]
    assert idle["destination", "hubspot"] is None
    assert {"WAREHOUSE_MISSING"} == {code for code, _ in facts.unread}
    assert {"Rules", "Accounting"} == {what.partition(":")[0] for _, what in facts.unread}


def test_a_broken_ledger_hides_nothing_else(settings: Settings) -> None:
    """The log is still looked at, and the ledger's parts are told as unread."""
    (settings.home / "ledger.sqlite").write_bytes(b"no database, and long enough to be one " * 60)
    facts = gathered(settings)
    unread = {what.partition(":")[0] for code, what in facts.unread if code.startswith("LEDGER")}
    assert {"Destinations", "Lead velocity", "Dead letters", "Credentials"} <= unread
    assert facts.begun_at is not None


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
def test_the_command_and_the_asset_say_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`millrace review --json` and operations/audit find the same; --strict makes it a failure."""
    from orchestration.cli import app
    from orchestration.defs.operations.audit import audit

    monkeypatch.chdir(settings.home)
    monkeypatch.setenv("MILLRACE_HOME", str(settings.home))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = CliRunner().invoke(app, ["review", "--json"])
    assert 0 == done.exit_code, done.output
    codes = orjson.loads(done.stdout)["codes"]
    assert {"ACTIVITY_NONE", "AUTOMATION_STOPPED", "ALERTS_OFF"} <= set(codes)
    assert 1 == CliRunner().invoke(app, ["review", "--strict"]).exit_code
    with dagster_home.instance(settings) as instance:
        result = dg.materialize([audit], instance=instance, selection=[audit.key])
    metadata = result.asset_materializations_for_node("operations__audit")[0].metadata
    assert codes == metadata["codes"].value
    assert "ACTIVITY_NONE" in str(metadata["report"].value)
