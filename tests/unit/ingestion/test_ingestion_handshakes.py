"""Before a vendor sends anything, it asks whether the address is ours."""

from __future__ import annotations

import pytest

from ingestion.errors import HandshakeRefusedError
from ingestion.webhooks import SOURCES
from ingestion.webhooks.handshake import ChallengeHandshake

META = SOURCES["meta"].handshake
ASKED = {"hub.mode": "subscribe", "hub.verify_token": "meatyhamhock", "hub.challenge": "1158201444"}


@pytest.mark.parametrize(
    "tokens", [["meatyhamhock"], ["old", " meatyhamhock\n"], ["", "meatyhamhock"]]
)
def test_meta(tokens: list[str]) -> None:
    """Meta gets its challenge back, as plain text, when it knows a token of ours."""
    assert META
    reply = META(ASKED, tokens)
    assert (reply.status, reply.media_type) == (200, "text/plain; charset=utf-8")
    assert reply.body == b"1158201444"


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({}, []),
        ({}, ["other"]),
        ({}, ["meatyhamhoc"]),
        ({"hub.verify_token": ""}, ["", " "]),
        ({"hub.verify_token": "é\ud800"}, ["meatyhamhock"]),
        ({"hub.mode": "unsubscribe"}, ["meatyhamhock"]),
        ({"hub.challenge": ""}, ["meatyhamhock"]),
        ({"hub.challenge": "x" * 1001}, ["meatyhamhock"]),
        ({"hub.challenge": "a\r\nb"}, ["meatyhamhock"]),
        ({"hub.challenge": "\ud800"}, ["meatyhamhock"]),
    ],
)
def test_meta_refused(changes: dict[str, str], tokens: list[str]) -> None:
    """Without a token of ours, or with a challenge that cannot be one, nothing is echoed."""
    assert META
    with pytest.raises(HandshakeRefusedError):
        META({**ASKED, **changes}, tokens)


@pytest.mark.parametrize("missing", ASKED)
def test_meta_incomplete(missing: str) -> None:
    """A handshake that lacks a parameter is refused."""
    assert META
    with pytest.raises(HandshakeRefusedError):
        META({name: value for name, value in ASKED.items() if name != missing}, ["meatyhamhock"])


def test_without_token() -> None:
    """A vendor that has no token is answered without one."""
    reply = ChallengeHandshake("challenge")({"challenge": "abc"}, [])
    assert reply.body == b"abc"
