"""Slack: what is posted, what its words mean, and how a lost answer is looked for."""

from __future__ import annotations

import httpx
import pytest
from delivery_lab import laboratory
from slack_cases import CHANNEL, message, settings

from reverse_etl.model import State
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving

POST, HISTORY = "chat.postMessage", "conversations.history"
LOST = {"vendor": "slack", "path": POST, "fault": "drop_after", "first": 1}


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def lab(server, tmp_path):
    with laboratory(server, tmp_path) as lab:
        yield lab


def _chatter(lab, count):
    """What others post meanwhile."""
    with httpx.Client(headers={"authorization": "Bearer other"}) as client:
        for number in range(count):
            body = {"channel": CHANNEL, "text": f"Lunch {number}?"}
            client.post(f"{lab.url}/api/{POST}", json=body).raise_for_status()


def _posted(lab):
    texts = [item["text"] for item in lab.objects("slack", "messages")]
    return [text for text in texts if not text.startswith("Lunch")]


def test_a_message_goes_to_its_channel_with_our_key(lab):
    """The configured channel is the default, a payload may name another, links stay folded."""
    lab.put(message(1), message(2, {"text": "Elsewhere", "channel": "C9999999999"}))
    assert 2 == lab.drain(settings(lab.url, "good")).delivered
    told = [
        (item["channel"], item["metadata"]["event_payload"]["key"])
        for item in lab.objects("slack", "messages")
    ]
    assert [(CHANNEL, "mql_reached:test:1"), ("C9999999999", "mql_reached:test:2")] == told


def test_slacks_word_is_the_code_of_the_dead_letter(lab):
    """A message for a channel that is not there is a dead letter; its neighbour arrives."""
    lab.put(message(1, {"text": "Lost", "channel": "nowhere"}), message(2))
    report = lab.drain(settings(lab.url, "good"))
    assert (1, 1) == (report.delivered, report.dead)
    assert {"SLACK_CHANNEL_NOT_FOUND": 1} == lab.ledger.counts().dead_by_code


def test_history_that_cannot_be_read_leaves_the_row_unknown(lab):
    """While reading back is limited or fails, nothing is posted again."""
    lab.faults(
        LOST,
        {"vendor": "slack", "path": HISTORY, "fault": "status_429", "first": 1},
        {"vendor": "slack", "path": HISTORY, "fault": "status_503", "first": 1},
    )
    lab.put(message(1))
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    assert ["Call lead 1"] == _posted(lab)


def test_history_that_is_forbidden_stops_the_destination(lab):
    """Without the scope the row stays unknown, is not posted again, and is found once the scope
    is there."""
    lab.faults(LOST, {"vendor": "slack", "path": HISTORY, "fault": "expired_token"})
    lab.put(message(1))
    report = lab.drain(settings(lab.url, "good"))
    assert ["AUTHENTICATION_FAILED"] == [problem.code for problem in report.problems]
    assert [(State.UNKNOWN, "AUTHENTICATION_FAILED")] == lab.states("slack")
    lab.faults()
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    assert ["Call lead 1"] == _posted(lab)


@pytest.mark.parametrize(("since", "state"), [(450, State.DELIVERED), (1_000, State.UNKNOWN)])
def test_history_is_read_page_by_page_to_a_bound(lab, since, state):
    """A message below some pages of others is found; below more than that it stays unknown, and
    is not posted twice."""
    lab.faults(LOST, {"vendor": "slack", "path": HISTORY, "fault": "expired_token"})
    lab.put(message(1))
    lab.drain(settings(lab.url, "good"))
    _chatter(lab, since)
    lab.faults()
    lab.drain(settings(lab.url, "good"), wait=0.0)
    assert [state] == [state for state, _code in lab.states("slack")]
    assert ["Call lead 1"] == _posted(lab)


def test_a_message_that_never_arrived_is_posted(lab):
    """A history without the key, read to its end, proves that a repeat is right."""
    lab.faults({"vendor": "slack", "path": POST, "fault": "drop_before", "first": 1})
    lab.put(message(1))
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    assert ["Call lead 1"] == _posted(lab)
    assert 0 == lab.ledger.counts().possible_repeats
