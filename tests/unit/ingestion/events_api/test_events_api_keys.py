"""`POST /v1/events`: who may, how much, and until when."""

from __future__ import annotations

import pytest
from support.api import FORM, START, problem


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "API_KEY_MISSING"),
        ({"authorization": "Basic abc"}, "API_KEY_MISSING"),
        ({"authorization": "Bearer"}, "API_KEY_INVALID"),
        ({"authorization": "Bearer abc"}, "API_KEY_INVALID"),
        ({"authorization": f"Bearer mr_{'0' * 16}_{'a' * 43}"}, "API_KEY_INVALID"),
        ({"authorization": b"Bearer \xff\xfe"}, "API_KEY_INVALID"),
    ],
)
def test_no_valid_key(gateway, headers, expected):
    """Without a valid key nothing is stored or shown, and the scheme is named."""
    for answer in (
        gateway.post(None, FORM, headers=headers),
        gateway.get(None, "/v1/events/request-1", headers=headers),
    ):
        assert problem(answer) == (401, expected)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "ratelimit-limit" not in answer.headers
    assert gateway.log.count().count == 0


def test_wrong_secret(gateway, key):
    """The id of a key does not prove it, nor do two keys at once."""
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert problem(gateway.post(wrong, FORM)) == (401, "API_KEY_INVALID")
    twice = [("authorization", f"Bearer {key}")] * 2
    assert problem(gateway.post(None, FORM, headers=twice)) == (401, "API_KEY_INVALID")


def test_scheme_in_any_case(gateway, key):
    """The scheme's name may be written in any case."""
    assert gateway.post(None, FORM, headers={"authorization": f"bearer {key}"}).is_success


def test_revoked_key(gateway, key):
    """A key that was used a moment ago ends at most five seconds after its revocation."""
    assert gateway.post(key, FORM).is_success
    gateway.keys.revoke(key.split("_")[1], gateway.clock())
    gateway.clock.pass_(seconds=5)
    assert problem(gateway.post(key, FORM)) == (401, "API_KEY_INVALID")


def test_expired_key(gateway):
    """A key ends at its time, also when its look-up is still kept."""
    key = gateway.key("webshop:write", expires_at=START.replace(second=2))
    assert gateway.post(key, FORM).is_success
    gateway.clock.pass_(seconds=3)
    assert problem(gateway.post(key, FORM)) == (401, "API_KEY_INVALID")


def test_scopes(gateway):
    """A key does what its scopes say, at the sources they say."""
    reader, writer = gateway.key("webshop:read"), gateway.key("billing:write")
    assert problem(gateway.post(reader, FORM)) == (403, "SCOPE_DENIED")
    denied = gateway.post(writer, {**FORM, "source": "webshop"})
    assert problem(denied) == (403, "SCOPE_DENIED")
    assert "webshop:write" in denied.json()["detail"]
    assert problem(gateway.get(writer, "/v1/events/request-1")) == (403, "SCOPE_DENIED")
    assert gateway.log.count().count == 0


def test_rate(gateway):
    """A key may send so many requests a minute, whatever their size; it is told how many more."""
    key = gateway.key("webshop:write", rate=2)
    first = gateway.post(key, {"events": [FORM, FORM]})
    second = gateway.post(key, {})  # a refused request counts too
    third = gateway.post(key, FORM)
    told = [
        (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"])
        for answer in (first, second, third)
    ]
    assert told == [("2", "1"), ("2", "0"), ("2", "0")]
    assert problem(third) == (429, "RATE_LIMITED")
    assert (third.headers["retry-after"], third.headers["ratelimit-reset"]) == ("30", "60")
    assert gateway.post(gateway.key("webshop:write", rate=2), FORM).is_success
    gateway.clock.pass_(seconds=30)
    assert gateway.post(key, FORM).is_success
