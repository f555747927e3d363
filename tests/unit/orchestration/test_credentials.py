"""The watch on credentials, and connecting an account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from orchestration.alerts import troubles
from orchestration.connecting import connect
from orchestration.credentials import REFUSED, check, names, problems, watch
from orchestration.errors import ConnectingError
from orchestration.pulls import run as pulls
from orchestration.pulls.accounts import CalendlySettings, StripeSettings
from orchestration.settings import Settings
from reverse_etl.connectors import HubSpotSettings, MetaSettings, SalesforceSettings
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


def test_what_is_only_pulled_is_watched_too(tmp_path, ledger):
    """Its secret ages like any other; what a destination would need besides is not missed."""
    settings = _settings(
        tmp_path,
        destinations=("hubspot",),
        pulls=("hubspot", "stripe", "meta", "calendly", "googleads"),
        hubspot=HubSpotSettings(token="pat-1"),
        stripe=StripeSettings(token="rk-1"),
        meta=MetaSettings(token="t", pages="4040"),
    )
    watched = names(settings)
    assert ["hubspot", "stripe", "meta", "calendly"] == watched
    watch(settings, ledger, watched, now=NOON)
    told = watch(settings, ledger, watched, now=NOON + 91 * DAY)
    assert [*["CREDENTIAL_OLD"] * 3, "CREDENTIAL_MISSING"] == [each.code for each in told]


@pytest.fixture(scope="module")
def vendors():
    with serving(create_app()) as url:
        yield url


def _pulling(tmp_path, url, token):
    return _settings(
        tmp_path,
        destinations=(),
        pulls=("stripe", "calendly", "meta", "hubspot", "salesforce"),
        stripe=StripeSettings(url=url, token=token),
        calendly=CalendlySettings(url=url, token=token),
        meta=MetaSettings(url=url, token=token, pages="4040"),
        hubspot=HubSpotSettings(url=url, token=token),
        salesforce=SalesforceSettings(url=url, token=token),
    )


@pytest.mark.parametrize(("token", "code"), [("good", None), ("invalid", REFUSED)])
def test_vendors_are_asked_whether_credentials_are_good(tmp_path, ledger, vendors, token, code):
    """Each pulled source by one cheap call; a refusal has a code."""
    settings = _pulling(tmp_path, vendors, token)
    found = check(settings, ledger, watch(settings, ledger, names(settings), now=NOON))
    assert {code} == {each.code for each in found}
    assert 5 == len(found)


def _expire(url, at):
    put = [{"expires_at": int(at.timestamp())}]
    httpx.post(f"{url}/_objects/meta/tokens", json=put).raise_for_status()


def test_a_token_that_ends_is_told_two_weeks_before(tmp_path, vendors):
    """Meta says when: a pull notes it, and the alert comes in time and not sooner."""
    end = datetime.now(UTC).replace(microsecond=0) + 20 * DAY
    _expire(vendors, end)
    meta = MetaSettings(url=vendors, token="good", pages="4040")
    settings = _settings(tmp_path, destinations=(), pulls=("meta",), meta=meta)
    pulls.pull(settings, ["meta"])
    assert [] == troubles.old_credentials(settings, end - 15 * DAY)
    [alert] = troubles.old_credentials(settings, end - 13 * DAY)
    assert ("CREDENTIAL_DUE", "ending:meta") == (alert.code, alert.key)
    assert f"{end:%Y-%m-%d}" in alert.what


def test_a_pull_that_is_refused_is_told(tmp_path, vendors):
    """Until a later one is not."""
    for token, told in (("invalid", ["refused:stripe"]), ("good", [])):
        stripe = StripeSettings(url=vendors, token=token)
        settings = _settings(tmp_path, destinations=(), pulls=("stripe",), stripe=stripe)
        pulls.pull(settings, ["stripe"])
        assert told == [alert.key for alert in troubles.old_credentials(settings, NOON)]


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
