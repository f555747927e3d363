"""Teams: what is posted, what is kept at home, and that the address stays a secret."""

from __future__ import annotations

import logging

import pytest
from delivery_lab import laboratory
from structlog.testing import capture_logs
from teams_cases import address, card, message, settings

from reverse_etl.connectors import TeamsSettings
from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving

LOST = {"vendor": "teams", "fault": "drop_after", "first": 1}


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def lab(server, tmp_path):
    with laboratory(server, tmp_path) as lab:
        yield lab


def _flows(lab):
    return [item["flow"] for item in lab.objects("teams", "messages")]


@pytest.mark.parametrize("fault", [None, "status_400", "status_500", "drop_before"])
def test_nothing_of_the_address_is_told(lab, caplog, fault):
    """Neither logs nor attempts repeat any part of the webhook's address, whatever happens."""
    if fault:
        lab.faults({"vendor": "teams", "fault": fault, "first": 1})
    lab.put(message(1))
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        lab.drain(settings(lab.url, "hush-hush"))
    noted = lab.requests_noted("teams")
    assert "POST (address) →" in noted
    for told in (caplog.text, str(logs), noted, repr(settings(lab.url, "hush-hush"))):
        assert "hush-hush" not in told
        assert "a1b2c3" not in told


def test_a_bad_address_is_refused_without_repeating_it():
    """A webhook address has to be an https one; the error does not show it."""
    with pytest.raises(ValueError, match="https://") as caught:
        TeamsSettings(webhook_url="http://teams.example/workflows/a1b2c3?sig=hush-hush")
    assert "hush" not in str(caught.value)


def test_a_proxy_stands_in_for_the_host(lab):
    """`url` replaces the webhook's host and keeps its path and signature; on loopback no webhook
    is needed at all."""
    lab.put(message(1))
    real = address("https://prod-1.example", "good", flow="real")
    assert 1 == lab.drain(TeamsSettings(webhook_url=real, url=lab.url)).delivered
    lab.put(message(2))
    assert 1 == lab.drain(TeamsSettings(url=lab.url)).delivered
    assert ["real", "0"] == _flows(lab)


def test_credentials_are_missing_without_an_address():
    """There is no default address to post to."""
    assert ("webhook_url",) == TeamsSettings().missing


def test_a_deleted_workflow_stops_the_destination(lab):
    """The rows stay queued until there is a webhook again."""
    lab.put(message(1))
    gone = TeamsSettings(webhook_url=address(lab.url, "good", flow="gone-1"))
    report = lab.drain(gone)
    assert ["ENDPOINT_GONE"] == [problem.code for problem in report.problems]
    assert [(State.PENDING, "ENDPOINT_GONE")] == lab.states("teams")
    assert 1 == lab.drain(settings(lab.url, "good")).delivered


def test_what_teams_could_not_show_stays_at_home(lab):
    """A message that is too large, and one without a card, are dead letters without a request."""
    lab.put(message(1, card("x" * 28_672)), message(2, {"type": "message", "text": "plain"}))
    assert 2 == lab.drain(settings(lab.url, "good")).dead
    assert {"TEAMS_MESSAGE_TOO_LARGE": 1, "TEAMS_CARD_MISSING": 1} == (
        lab.ledger.counts().dead_by_code
    )
    assert [] == lab.state("teams")["requests"]


def test_a_lost_answer_may_be_given_up(lab):
    """With at_most_once nothing is repeated; the dead letter says that its fate is unknown."""
    lab.faults(LOST)
    lab.put(message(1))
    assert 1 == lab.drain(settings(lab.url, "good", at_most_once=True)).dead
    assert {"UNKNOWN_OUTCOME": 1} == lab.ledger.counts().dead_by_code
    assert 1 == len(_flows(lab))
