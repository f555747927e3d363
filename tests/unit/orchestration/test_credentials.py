"""The watch on credentials, and connecting an account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from orchestration.connecting import connect
from orchestration.credentials import problems, watch
from orchestration.errors import ConnectingError
from orchestration.settings import Settings
from reverse_etl.connectors import HubSpotSettings, MetaSettings
from reverse_etl.connectors.oauth import Seal
from reverse_etl.ledger import Ledger
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import free_port, serving

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger


def _settings(tmp_path, **accounts):
    return Settings(home=tmp_path, **accounts)


def test_a_secret_grows_old_until_it_is_replaced(tmp_path, ledger):
    """After 90 days it is a problem with a remedy; a new one starts at zero."""
    old = _settings(tmp_path, hubspot=HubSpotSettings(token="pat-1"))
    new = _settings(tmp_path, hubspot=HubSpotSettings(token="pat-2"))
    assert 0 == watch(old, ledger, ["hubspot"], now=NOON)[0].age_days
    assert [] == problems(old, ledger, ["hubspot"], now=NOON + 90 * DAY)

    (problem,) = problems(old, ledger, ["hubspot"], now=NOON + 91 * DAY)
    assert ("CREDENTIAL_OLD", "hubspot") == (problem.code, problem.destination)
    assert [] == problems(new, ledger, ["hubspot"], now=NOON + 91 * DAY)


def test_a_rotated_file_counts_as_new(tmp_path, ledger):
    """What matters is the secret, not the setting that names its place."""
    place = tmp_path / "token"
    place.write_text("pat-1")
    settings = _settings(tmp_path, hubspot=HubSpotSettings(token=f"file:{place}"))
    watch(settings, ledger, ["hubspot"], now=NOON)
    place.write_text("pat-2")
    (found,) = watch(settings, ledger, ["hubspot"], now=NOON + 91 * DAY)
    assert ("file", 0, None) == (found.source, found.age_days, found.code)


def test_what_is_missing_or_unreadable_is_told(tmp_path, ledger):
    """No credentials, and a place that gives none, have codes."""
    hubspot = HubSpotSettings(token=f"file:{tmp_path}/none")
    settings = _settings(tmp_path, hubspot=hubspot, meta=MetaSettings(token="t"))
    told = watch(settings, ledger, settings.destinations, now=NOON)
    assert ["SECRET_UNAVAILABLE", "CREDENTIAL_MISSING"] == [each.code for each in told]


def test_no_fingerprint_gives_the_secret_away(tmp_path, ledger):
    """The ledger's file does not hold the token."""
    settings = _settings(tmp_path, hubspot=HubSpotSettings(token="pat-very-secret"))
    watch(settings, ledger, ["hubspot"], now=NOON)
    files = [path.read_bytes() for path in tmp_path.glob("ledger.db*")]
    assert not any(b"pat-very-secret" in content for content in files)


@pytest.fixture
def account():
    with serving(create_app()) as url:
        yield HubSpotSettings(url=url, client_id="app", client_secret="app-secret")


def _sign_in(address, *, state=None, **answer):
    """What a browser does once somebody signed in."""
    query = parse_qs(urlsplit(address).query)
    back = {"state": state or query["state"][0], **answer}
    return httpx.get(query["redirect_uri"][0], params=back)


def _connect(account, ledger, browser, wait=10):
    shown = []

    def show(address):
        shown.append(address)
        threading.Thread(target=browser, args=[address]).start()

    limit = timedelta(seconds=wait)
    expires_at = connect(
        "hubspot", account, ledger.credentials, port=free_port(), show=show, wait=limit
    )
    return expires_at, shown


def test_signing_in_keeps_tokens(account, ledger):
    """The code is exchanged, tokens are kept encrypted; PKCE and state are used."""
    expires_at, (address,) = _connect(account, ledger, lambda at: _sign_in(at, code="c-1"))
    query = parse_qs(urlsplit(address).query)
    assert ["S256"] == query["code_challenge_method"]
    assert 32 <= len(query["state"][0])
    kept = ledger.credentials.of("hubspot")
    assert "refresh-1" == Seal("app-secret").open(kept.sealed).refresh
    assert expires_at == kept.expires_at


def test_an_answer_to_somebody_elses_question_is_ignored(account, ledger):
    """A wrong state is turned away with 400; the right one still counts."""
    statuses = []

    def browser(address):
        statuses.append(_sign_in(address, state="forged", code="theirs").status_code)
        statuses.append(_sign_in(address, code="ours").status_code)

    _connect(account, ledger, browser)
    assert [400, 200] == statuses


def test_the_vendor_refuses(account, ledger):
    """What the vendor says is told; nothing is kept."""
    with pytest.raises(ConnectingError, match="access_denied"):
        _connect(account, ledger, lambda at: _sign_in(at, error="access_denied"))
    assert ledger.credentials.of("hubspot").sealed is None


def test_nobody_signs_in(account, ledger):
    """It ends when the time is over."""
    with pytest.raises(ConnectingError, match="in time"):
        _connect(account, ledger, lambda _address: None, wait=0.2)


def test_without_a_client_it_says_what_to_set(ledger):
    """The names of the settings are in the remedy."""
    with pytest.raises(ConnectingError) as raised:
        _connect(HubSpotSettings(), ledger, lambda _address: None)
    assert "MILLRACE_HUBSPOT_CLIENT_ID" in raised.value.remedy
