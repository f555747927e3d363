"""What is told of problems, when, and to which chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from pydantic import SecretStr

from orchestration.alerts.alert import AGAIN_AFTER, Alert, from_cursor, news, to_cursor
from orchestration.alerts.targets import MOST, slack, targets, teams, tell
from orchestration.settings import Settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BREAKER = Alert("breaker:hubspot", "BREAKER_OPEN", "hubspot fails too often.", "Nothing.")
SLACK = "https://hooks.slack.example/services/T0/B0/very-secret"
TEAMS = "https://teams.example/workflows/1?sig=very-secret"


def dead(size: int) -> Alert:
    return Alert("dead:hubspot:REFUSED", "REFUSED", f"{size} died.", "Mend them.", size=size)


def both(tmp_path):
    return targets(Settings(home=tmp_path, alert_slack_url=SLACK, alert_teams_url=TEAMS))


def test_a_problem_is_told_once_and_when_it_is_over():
    """Nothing is said again while it lasts; its end is told in its own words."""
    first = news([BREAKER], {}, now=NOON)
    assert ([BREAKER], []) == (first.begun, first.ended)
    assert not news([BREAKER], first.memory, now=NOON + timedelta(days=3))
    over = news([], first.memory, now=NOON)
    assert ([], ["hubspot fails too often."], {}) == (over.begun, over.ended, over.memory)


def test_a_problem_that_grows_is_told_again_but_not_at_each_look():
    """More dead letters are news once an hour; fewer are none, and more again are."""
    memory = news([dead(2)], {}, now=NOON).memory
    assert not news([dead(5)], memory, now=NOON + AGAIN_AFTER - timedelta(seconds=1))
    assert [dead(5)] == news([dead(5)], memory, now=NOON + AGAIN_AFTER).begun
    fewer = news([dead(1)], memory, now=NOON + AGAIN_AFTER)
    assert not fewer
    assert [dead(2)] == news([dead(2)], fewer.memory, now=NOON + AGAIN_AFTER).begun


def test_a_dead_target_is_told_later_and_hides_nothing_from_the_other(tmp_path):
    """Slack is down: Teams knows, Slack is told with the next look, and nobody twice."""
    asked = []
    up = {"slack": False}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200 if "teams" in request.url.host or up["slack"] else 503)

    chosen = both(tmp_path)
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        first = tell(chosen, [BREAKER], {}, now=NOON, client=client)
        assert ["ALERT_NOT_SENT"] == [failure.code for failure in first.failures]
        assert "503" in str(first.failures[0])
        up["slack"] = True
        second = tell(chosen, [BREAKER], from_cursor(to_cursor(first.memories)), now=NOON,
                      client=client)  # fmt: skip
        third = tell(chosen, [BREAKER], second.memories, now=NOON, client=client)
    assert ["hooks.slack.example", "teams.example", "hooks.slack.example"] == asked
    assert (1, 1, 0) == (first.messages, second.messages, third.messages)


@pytest.mark.parametrize("fails", [httpx.ConnectError, httpx.ReadTimeout])
def test_no_failure_tells_the_address(tmp_path, fails):
    """Whoever knows the address may post there: errors name the chat, never its address."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise fails(f"no way to {request.url}")

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        told = tell(both(tmp_path), [BREAKER], {}, now=NOON, client=client)
    assert 2 == len(told.failures)
    assert not [f for f in told.failures if "very-secret" in f"{f} {f.remedy} {f.__cause__}"]


@pytest.mark.parametrize("address", ["http://chat.example/x", "not an address", "file:/nowhere"])
def test_an_address_that_may_not_be_called_is_told(tmp_path, address):
    """Plain http to another machine, nonsense, and a place that gives nothing."""
    chosen = targets(Settings(home=tmp_path, alert_slack_url=SecretStr(address)))
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        told = tell(chosen, [BREAKER], {}, now=NOON, client=client)
    assert "MILLRACE_ALERT_SLACK_URL" in str(told.failures[0])
    assert {} == told.memories


def test_what_the_chats_are_told():
    """Code, what happened, what to do and where to look; what is over; no more than fits."""
    linked = Alert("job:batch", "RUN_FAILED", "A <b> & c.", "Open it.", link="http://ui/runs/1")
    told = news([linked], news([BREAKER], {}, now=NOON).memory, now=NOON)
    assert (
        "*RUN_FAILED*: A &lt;b&gt; &amp; c.\nOpen it.\n<http://ui/runs/1|Look at it>\n\n"
        "Over: hubspot fails too often."
    ) == slack(told)["text"]
    card = orjson.dumps(teams(told)).decode()
    assert "application/vnd.microsoft.card.adaptive" in card
    assert "[Look at it](http://ui/runs/1)" in card
    many = [Alert(f"k{n}", "REFUSED", f"w{n}", "r") for n in range(MOST + 3)]
    assert slack(news(many, {}, now=NOON))["text"].endswith("And 3 more.")
