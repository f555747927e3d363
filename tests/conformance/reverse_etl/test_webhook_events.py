"""Signed webhooks: a receiver with the standard's own library can verify them."""

from __future__ import annotations

import base64

import pytest
from delivery_lab import laboratory
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs
from webhook_cases import KNOWN, UNKNOWN, event, settings

from reverse_etl.connectors import WebhookSettings
from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def lab(server, tmp_path):
    with laboratory(server, tmp_path) as lab:
        yield lab


def _received(lab):
    return lab.objects("webhook", "events")


def test_the_standards_library_verifies_an_event(lab):
    """Id, time, body and signature fit together; with another secret they do not."""
    lab.put(event(1, payload='{"data":{"id":"1","value":10.50},"timestamp":"x","type":"é.won"}'))
    lab.drain(settings(lab.url, "good"))
    [got] = _received(lab)
    told = Webhook(KNOWN).verify(got["text"], got["headers"])
    assert ("é.won", 10.5) == (told["type"], told["data"]["value"])
    assert '"value":10.50' in got["text"]
    with pytest.raises(WebhookVerificationError):
        Webhook(UNKNOWN).verify(got["text"], got["headers"])


def test_while_secrets_change_either_verifies(lab):
    """With two secrets there are two signatures, and each receiver finds its own."""
    lab.put(event(1))
    lab.drain(settings(lab.url, "good", signing_secrets=f"{UNKNOWN}, {KNOWN}"))
    [got] = _received(lab)
    for secret in (KNOWN, UNKNOWN):
        assert "mql.reached" == Webhook(secret).verify(got["text"], got["headers"])["type"]


def test_a_repeat_has_the_same_id(lab):
    """A receiver can drop what it has seen; ids hold no full stop, which the signature needs."""
    lab.faults({"vendor": "webhook", "fault": "drop_after", "first": 1})
    lab.put(event(1, entity_key="a.b"))
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    first, second = (got["headers"]["webhook-id"] for got in _received(lab))
    assert first == second
    assert "." not in first
    assert 1 == lab.ledger.counts().possible_repeats


def test_different_events_have_different_ids(lab):
    """The id comes from the event's key."""
    lab.put(event(1), event(2))
    lab.drain(settings(lab.url, "good"))
    assert 2 == len({got["headers"]["webhook-id"] for got in _received(lab)})


def test_a_receiver_that_is_gone_stops_the_destination(lab):
    """410 asks to be left alone: one request, and the rows stay queued."""
    lab.put(event(1), event(2))
    gone = WebhookSettings(url=f"{lab.url}/hooks/gone", signing_secrets=KNOWN)
    report = lab.drain(gone)
    assert ["ENDPOINT_GONE"] == [problem.code for problem in report.problems]
    assert {State.PENDING} == {state for state, _code in lab.states("webhook")}
    assert 1 == len(lab.state("webhook")["requests"])


def test_the_address_is_not_told(lab):
    """Receivers often have a secret in their address: neither logs nor attempts repeat it."""
    lab.put(event(1))
    secret = WebhookSettings(url=f"{lab.url}/hooks/hush-hush?key=hush", signing_secrets=KNOWN)
    with capture_logs() as logs:
        assert 1 == lab.drain(secret).delivered
    assert "POST (address) → 204" in lab.requests_noted("webhook")
    for told in (str(logs), lab.requests_noted("webhook"), repr(secret)):
        assert "hush" not in told


def test_an_address_is_taken_as_it_stands():
    """The last slash belongs to it; plain http is for this machine only."""
    assert "https://x.example/in/" == WebhookSettings(url="https://x.example/in/").url
    with pytest.raises(ValueError, match="https://"):
        WebhookSettings(url="http://x.example/in/")


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_hush!",
        "whsec_" + base64.b64encode(b"hush").decode(),
        f"{KNOWN},whsec_hush",
    ],
)
def test_a_weak_or_unreadable_secret_is_refused(secret):
    """The error tells the form, never the secret."""
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        WebhookSettings(signing_secrets=secret)
    assert "hush" not in str(caught.value)


def test_a_place_without_a_secret_stops_the_receiver(lab):
    """What a setting names may hold anything: an unusable secret keeps rows queued, and is told
    without being repeated."""
    lab.put(event(1))
    settings = WebhookSettings(url=f"{lab.url}/hooks/1", signing_secrets="hush-hush")
    report = lab.drain(settings)
    assert (0, 1) == (report.delivered, report.pending)
    assert ["CONNECTOR_MISCONFIGURED"] == [problem.code for problem in report.problems]
    assert "hush" not in repr(lab.ledger.find())


def test_what_has_to_be_set():
    """An address and a secret; on loopback the sandbox's secret is known."""
    assert ("url", "signing_secrets") == WebhookSettings().missing
    assert () == WebhookSettings(url="http://127.0.0.1:1/hooks/x").missing
    assert KNOWN == WebhookSettings(url="http://127.0.0.1:1/").signing_secrets.get_secret_value()
