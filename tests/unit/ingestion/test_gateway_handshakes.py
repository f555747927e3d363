"""What vendors ask before they send events."""

from __future__ import annotations

import orjson
import pytest
from support.asgi import problem, signed

TOKENS = {"meta": ["old", "verify-me"]}
ASKED = "/webhooks/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="


def test_meta(make, log):
    """Meta's challenge is given back, as plain text, to whoever knows a verify token."""
    answer = make(verify_tokens=TOKENS).get(f"{ASKED}verify-me")
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert log.head() == 0


@pytest.mark.parametrize(
    ("tokens", "path"),
    [
        (TOKENS, f"{ASKED}wrong"),
        (TOKENS, ASKED),
        ({}, f"{ASKED}verify-me"),
        ({"meta": [""]}, ASKED),
        (TOKENS, "/webhooks/meta"),
    ],
)
def test_refused(make, tokens, path):
    """Without the right token nothing is given back, also when no token is configured."""
    answer = make(verify_tokens=tokens).get(path)
    assert problem(answer) == (403, "HANDSHAKE_REFUSED")
    assert "1158201444" not in answer.text


def test_slack(gateway, log, now):
    """Slack's url_verification is answered with its challenge and is no event."""
    body = orjson.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"})
    [answer] = gateway.send(signed(body, now, "slack"))
    assert answer.status_code == 200
    assert "3eZbrw1aB" in answer.text
    assert log.head() == 0


def test_slack_unsigned(gateway, now):
    """The challenge is not echoed to strangers."""
    body = orjson.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"})
    [answer] = gateway.send(signed(body, now, "slack", secret="forged"))
    assert problem(answer) == (401, "SIGNATURE_INVALID")
    assert "3eZbrw1aB" not in answer.text


def test_head(gateway):
    """A vendor that looks by HEAD whether there is anybody is told yes."""
    answer = gateway.run(lambda client: client.head("/webhooks/intercom"))
    assert (answer.status_code, answer.content) == (200, b"")
