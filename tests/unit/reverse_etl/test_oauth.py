"""OAuth tokens: renewed in time, once for everybody, and never stored in the clear."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reverse_etl.connectors.oauth import (
    JwtGrant,
    OAuthTokens,
    RefreshGrant,
    Seal,
    TokenEndpoint,
    Tokens,
    challenge,
)
from reverse_etl.errors import CallFailedError, SecretUnavailableError
from reverse_etl.ledger import Ledger
from reverse_etl.model import Kind
from reverse_etl.testing import ManualTime

GRANT = RefreshGrant("client", "very secret", "first-refresh")


class Vendor:
    """A token endpoint in memory: it counts what it gave."""

    def __init__(self):
        self.forms = []
        self.answers = []

    def __call__(self, request):
        self.forms.append({k: v[0] for k, v in parse_qs(request.content.decode()).items()})
        if self.answers:
            return self.answers.pop(0)
        number = len(self.forms)
        told = {"access_token": f"access-{number}", "expires_in": 1800}
        return httpx.Response(200, json={**told, "refresh_token": f"refresh-{number}"})


@pytest.fixture
def vendor():
    return Vendor()


@pytest.fixture
def time():
    return ManualTime()


@pytest.fixture
def store(ledger):
    return ledger.credentials


@pytest.fixture
def source(vendor, store, time):
    """A function that makes a source, as each process has one of its own."""

    def make(grant=GRANT):
        client = httpx.AsyncClient(transport=httpx.MockTransport(vendor))
        endpoint = TokenEndpoint(client, "https://vendor.example/token", timedelta(seconds=5))
        return OAuthTokens("hubspot", lambda: grant, endpoint, store, clock=time, sleep=time.sleep)

    return make


def test_a_token_is_asked_for_once_and_kept(source, vendor):
    """A second request, and another process, use the token that is there."""
    first, second = source(), source()
    assert "access-1" == asyncio.run(first.token())
    assert "access-1" == asyncio.run(first.token())
    assert "access-1" == asyncio.run(second.token())
    assert ["first-refresh"] == [form["refresh_token"] for form in vendor.forms]


def test_a_token_is_renewed_before_it_expires(source, vendor, time):
    """A minute before its end a new one is fetched, with the newest refresh token."""
    tokens = source()
    asyncio.run(tokens.token())
    time.now += timedelta(seconds=1741)
    assert "access-2" == asyncio.run(tokens.token())
    assert "refresh-1" == vendor.forms[1]["refresh_token"]


def test_ten_refusals_at_once_lead_to_one_renewal(source, vendor):
    """Whoever comes second gets what the first one fetched, in this process and in another."""
    mine, theirs = source(), source()

    async def refused():
        token = await mine.token()
        assert token == await theirs.token()
        return await asyncio.gather(*(each.renew(token) for each in [mine, theirs] * 5))

    assert ["access-2"] * 10 == asyncio.run(refused())
    assert 2 == len(vendor.forms)


def test_a_renewal_that_breaks_off_is_taken_over(source, store, time, vendor):
    """A process that died while it renewed blocks the others for half a minute, not for ever."""
    store.claim("hubspot", None, now=time(), ttl=timedelta(seconds=29))
    assert "access-1" == asyncio.run(source().token())
    assert 1 == len(vendor.forms)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), Kind.AUTHENTICATION),
        (httpx.Response(401, text="<html>"), Kind.AUTHENTICATION),
        (httpx.Response(200, json={"token": "?"}), Kind.AUTHENTICATION),
        (httpx.Response(503, text="later"), Kind.RETRYABLE),
        (httpx.Response(429, text="later"), Kind.RETRYABLE),
    ],
)
def test_a_refusal_says_what_follows(source, vendor, answer, kind):
    """A wrong grant stops the destination; a vendor in trouble is asked again."""
    vendor.answers = [answer]
    with pytest.raises(CallFailedError) as raised:
        asyncio.run(source().token())
    assert kind is raised.value.outcome.kind
    assert "very secret" not in str(raised.value)
    assert "access-2" == asyncio.run(source().token())


def test_an_account_that_nobody_connected_says_so(source):
    """Without any refresh token the message names the command."""
    with pytest.raises(CallFailedError, match="millrace credentials connect hubspot"):
        asyncio.run(source(RefreshGrant("client", "very secret")).token())


def test_a_secret_that_cannot_be_read_stops_the_destination(store, vendor, time):
    """The place is named; nothing is asked."""

    def unreadable():
        raise SecretUnavailableError("file:/run/x", "FileNotFoundError")

    client = httpx.AsyncClient(transport=httpx.MockTransport(vendor))
    endpoint = TokenEndpoint(client, "https://vendor.example/token", timedelta(seconds=5))
    tokens = OAuthTokens("hubspot", unreadable, endpoint, store, clock=time)
    with pytest.raises(CallFailedError) as raised:
        asyncio.run(tokens.token())
    assert (Kind.AUTHENTICATION, "SECRET_UNAVAILABLE") == (
        raised.value.outcome.kind,
        raised.value.outcome.code,
    )
    assert [] == vendor.forms


def test_nothing_is_stored_in_the_clear(source, ledger_url, tmp_path):
    """The ledger's file holds neither token; only the client's secret opens them."""
    asyncio.run(source().token())
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"access-1" in content or b"refresh-1" in content for content in files)
    with Ledger.open(ledger_url) as ledger:
        sealed = ledger.credentials.of("hubspot").sealed
    assert "access-1" == Seal("very secret").open(sealed).access
    assert Seal("another").open(sealed) is None


def test_a_signed_statement_is_what_the_standard_asks_for(source, vendor, time):
    """JWT bearer: RS256, issuer, subject, audience, three minutes; no refresh token is sent."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    grant = JwtGrant("client", "ada@example.com", "https://login.example", pem)
    time.now = datetime.now(UTC)
    asyncio.run(source(grant).token())
    (form,) = vendor.forms
    claims = jwt.decode(
        form["assertion"], key.public_key(), ["RS256"], audience="https://login.example"
    )
    assert ("client", "ada@example.com") == (claims["iss"], claims["sub"])
    assert int((time() + timedelta(minutes=3)).timestamp()) == claims["exp"]
    assert {"grant_type", "assertion"} == set(form)


def test_the_challenge_is_that_of_the_standard():
    """The example of RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" == challenge(verifier)


def test_tokens_do_not_show():
    """Printing tokens or grants shows none of them."""
    shown = f"{Tokens('access-1', 'refresh-1')} {GRANT}"
    assert "access-1" not in shown
    assert "first-refresh" not in shown
    assert "very secret" not in shown
