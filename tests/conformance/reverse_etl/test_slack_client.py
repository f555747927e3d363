"""Slack's own client works against the sandbox, so it is a fair stand-in."""

from __future__ import annotations

import httpx
import pytest
from slack_cases import CHANNEL

from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving

KEY = {"event_type": "millrace_message", "event_payload": {"key": "k1"}}


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def client(url):
    from slack_sdk import WebClient

    return WebClient(token="xoxb-good", base_url=f"{url}/api/")


def test_the_token_is_known(client):
    """auth.test tells whose token it is."""
    answer = client.auth_test()
    assert (True, "T0SANDBOX0") == (answer["ok"], answer["team_id"])


def test_a_message_keeps_its_metadata(client):
    """What is posted is in the history, with metadata only for who asks for it."""
    posted = client.chat_postMessage(channel=CHANNEL, text="Call Ada", metadata=KEY)
    [plain] = client.conversations_history(channel=CHANNEL)["messages"]
    [full] = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"]
    assert (posted["ts"], "Call Ada") == (plain["ts"], plain["text"])
    assert "metadata" not in plain
    assert KEY == full["metadata"]


def test_history_comes_newest_first_in_pages(client):
    """The client's own paging walks through all of it, from the time that is asked for."""
    times = [client.chat_postMessage(channel=CHANNEL, text=f"{n}")["ts"] for n in range(5)]
    pages = client.conversations_history(channel=CHANNEL, limit=2, oldest=times[0])
    assert [["4", "3"], ["2", "1"]] == [[m["text"] for m in page["messages"]] for page in pages]


@pytest.mark.parametrize(
    ("token", "channel", "text", "word"),
    [
        ("invalid", CHANNEL, "Hi", "invalid_auth"),
        ("expired", CHANNEL, "Hi", "token_expired"),
        ("xoxb-good", "general", "Hi", "channel_not_found"),
        ("xoxb-good", CHANNEL, "", "no_text"),
        ("xoxb-good", CHANNEL, "x" * 40_001, "msg_too_long"),
    ],
)
@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
def test_refusals_are_slacks_words(url, token, channel, text, word):
    """The client raises with the word Slack has for it."""
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    with pytest.raises(SlackApiError) as caught:
        WebClient(token=token, base_url=f"{url}/api/").chat_postMessage(channel=channel, text=text)
    assert word == caught.value.response["error"]


def test_too_many_messages_are_told_to_wait(client, url):
    """A 429 says how long, where the client looks for it."""
    from slack_sdk.errors import SlackApiError

    rule = {"vendor": "slack", "fault": "status_429", "retry_after": 7, "first": 1}
    httpx.post(f"{url}/_faults", json={"rules": [rule]}).raise_for_status()
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="Hi")
    found = caught.value.response
    assert (429, "ratelimited", "7") == (
        found.status_code,
        found["error"],
        found.headers["Retry-After"],
    )
