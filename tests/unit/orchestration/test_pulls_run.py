"""Pulls as an installation configures them: the shared budget, credentials, command and asset."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from typer.testing import CliRunner

from ingestion.pulls import StreamReport
from orchestration.cli import app
from orchestration.errors import PullFailedError, PullNotConfiguredError
from orchestration.pulls import assets as pull_assets
from orchestration.pulls import run as pulls
from orchestration.pulls import sources as pull_sources
from orchestration.pulls.accounts import PULLED
from orchestration.settings import Settings
from reverse_etl.connectors import HubSpotSettings, MetaSettings, SalesforceSettings
from reverse_etl.ledger import Ledger
from reverse_etl.quota import Budget
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
[HUBSPOT] = pull_sources.chosen(["hubspot"])


class Time:
    """Stands still but for who sleeps."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def server():
    with serving(create_app(search_lag=0)) as url:
        yield url


@pytest.fixture
def home(server, tmp_path, monkeypatch):
    """An installation that pulls from the sandbox."""
    httpx.post(f"{server}/_reset").raise_for_status()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_HUBSPOT_URL", server)
    monkeypatch.setenv("MILLRACE_PULLS", "hubspot")
    contact = {"properties": {"email": "ada@example.com"}}
    path = f"{server}/crm/v3/objects/contacts"
    httpx.post(path, json=contact, headers={"authorization": "Bearer x"}).raise_for_status()
    return server


def run(*arguments):
    return CliRunner().invoke(app, ["pull", *arguments])


def test_every_name_has_an_entry():
    """What a setting may name can be pulled, and the other way round."""
    assert PULLED == tuple(each.name for each in pull_sources.PULLERS)


def test_a_pull_leaves_the_share_for_hot_leads(ledger):
    """It waits for the account's budget while a hot lead may still be sent."""
    time, budget = Time(), Budget(5, timedelta(seconds=10), reserved_share=0.2)
    permit = pulls.permit(ledger, HUBSPOT, budget, clock=time, sleep=time.sleep)
    for _ in range(4):
        with permit("/crm/v3/owners"):
            assert NOON == time.now
    assert not ledger.take_request("hubspot", time(), budget, hot=True).wait
    with permit("/crm/v3/owners"):
        assert time.now >= NOON + timedelta(seconds=10)


def test_deliveries_count_against_a_pull(ledger):
    """What the dispatcher sent is gone from the same budget."""
    time, budget = Time(), Budget(3, timedelta(seconds=10))
    for _ in range(2):
        ledger.take_request("hubspot", time(), budget, hot=False)
    permit = pulls.permit(ledger, HUBSPOT, budget, clock=time, sleep=time.sleep)
    with permit("/crm/v3/owners"):
        assert time.now >= NOON + timedelta(seconds=10)


def test_searches_are_slower_than_the_rest(ledger):
    """HubSpot's own limit of searches a second is kept beside the account's."""
    time = Time()
    permit = pulls.permit(ledger, HUBSPOT, None, clock=time, sleep=time.sleep)
    for _ in range(9):
        with permit("/crm/v3/objects/contacts/search"):
            pass
    assert time.now >= NOON + timedelta(seconds=2)


def needs(name, **settings):
    [puller] = pull_sources.chosen([name])
    return pulls.needs(Settings(**settings), puller)


def test_missing_settings_are_named():
    """Each source says which variables it needs; OAuth stands for a token."""
    meta = MetaSettings(token="t")
    org = {"url": "https://acme.my.salesforce.com", "client_id": "c", "client_secret": "s"}
    assert "MILLRACE_HUBSPOT_TOKEN" == needs("hubspot")
    assert "" == needs("hubspot", hubspot=HubSpotSettings(token="t"))
    assert "MILLRACE_META_AD_ACCOUNTS or MILLRACE_META_PAGES" == needs("meta", meta=meta)
    assert "" == needs("meta", meta=MetaSettings(token="t", pages="4040"))
    assert "MILLRACE_SALESFORCE_URL and MILLRACE_SALESFORCE_TOKEN" == needs("salesforce")
    assert "" == needs("salesforce", salesforce=SalesforceSettings(**org))


def test_without_credentials_nothing_is_asked(tmp_path):
    """The error names the variable."""
    settings = Settings(home=tmp_path, pulls=("stripe",))
    with pytest.raises(PullNotConfiguredError, match="MILLRACE_STRIPE_TOKEN"):
        pulls.pull(settings, ["stripe"])


def test_the_command_pulls_and_says_what_it_did(home):
    """The first pull stores, the second one does not; `status` tells of the last."""
    first, second = run("--json"), run("--json")
    assert (0, 0) == (first.exit_code, second.exit_code)
    told = {each["kind"]: each["new"] for each in json.loads(first.stdout)["pulled"]}
    assert {"contact": 1, "owner": 3} == {kind: new for kind, new in told.items() if new}
    assert {"company", "deal", "contact_deletion", "company_deletion", "deal_deletion"} < set(told)
    assert {0} == {each["new"] for each in json.loads(second.stdout)["pulled"]}
    status = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    assert set(told) == {each["kind"] for each in status["pulls"]}


def test_the_command_fails_with_the_vendor(home):
    """Exit code 1, a code and a remedy; kinds that could be read were read."""
    rule = {"vendor": "hubspot", "fault": "status_403", "path": "/companies/"}
    httpx.post(f"{home}/_faults", json={"rules": [rule]}).raise_for_status()
    failed = run("--json")
    told = {each["kind"]: each for each in json.loads(failed.stdout)["pulled"]}
    assert (1, "PULL_CREDENTIALS_REFUSED") == (failed.exit_code, told["company"]["code"])
    assert told["company"]["remedy"]
    assert (None, 1) == (told["contact"]["code"], told["contact"]["new"])


def test_a_name_that_cannot_be_pulled_is_refused(home):
    """The known ones are listed."""
    refused = run("acme")
    assert refused.exit_code
    assert "hubspot" in refused.output


def report(**changes):
    return StreamReport("hubspot", "contact", "62515", NOON, **changes)


def test_the_asset_shows_figures_and_a_table():
    """Counts of all kinds together, and a line of each."""
    told = pull_assets.tell([report(read=3, new=2, dropped=1, requests=2, seconds=0.5), report()])
    figures = {"objects read": 3, "new": 2, "dropped by webhook": 1, "requests": 2, "seconds": 0.5}
    assert figures == told.figures
    assert "| contact | 3 | 2 | 1 | 2 | 0.5 |  |" in told.table


def test_the_asset_fails_with_the_code_of_what_went_wrong():
    """And shows what was read all the same."""
    with pytest.raises(PullFailedError) as raised:
        pull_assets.tell([report(read=3), report(code="PULL_LIMITED")])
    assert "PULL_LIMITED" == raised.value.first_code
    assert 3 == raised.value.told.figures["objects read"]


@pytest.mark.filterwarnings("ignore")  # of libraries, at import
@pytest.mark.parametrize(("token", "state"), [("t", "RUNNING"), ("", "STOPPED")])
def test_the_reconciliation_is_on_where_there_are_credentials(monkeypatch, tmp_path, token, state):
    """Each source is an asset, and the hourly schedule runs those that can be pulled."""
    from orchestration.defs.ingest.pulls import pulls as definitions

    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    monkeypatch.setenv("MILLRACE_PULLS", "hubspot,stripe")
    monkeypatch.setenv("MILLRACE_STRIPE_TOKEN", token)
    made = definitions()
    repository = made.get_repository_def()
    [schedule] = repository.schedule_defs
    assert state == schedule.default_status.value
    chosen = repository.get_job("pull").asset_layer.executable_asset_keys
    wanted = {"stripe"} if token else {"hubspot", "stripe"}
    assert wanted == {key.path[-1] for key in chosen}
