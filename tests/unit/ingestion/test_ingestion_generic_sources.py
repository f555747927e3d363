"""A webhook source made by configuration only."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import (
    HandshakeRefusedError,
    SignatureInvalidError,
    SourceConfigError,
    TimestampStaleError,
)
from ingestion.signatures import HmacVerifier, SignedRequest
from ingestion.webhooks.generic import load_sources

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WEBSHOP = """
[webshop]
header = "X-Acme-Signature"
algorithm = "sha256"
encoding = "hex"
prefix = "sha256="
payload = "{timestamp}.{body}"
timestamp_header = "X-Acme-Timestamp"
timestamp_unit = "s"
tolerance_seconds = 60
event_key = "header:X-Acme-Id"
split = "/events"
handshake = { challenge = "challenge", token = "verify_token" }

[billing]
header = "x-signature"
algorithm = "sha512"
encoding = "base64"
event_key = "body:/data/id"
"""


def config(**lines: str) -> str:
    return "[webshop]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items())


def request(body: bytes, headers: dict[str, str]) -> SignedRequest:
    return SignedRequest("POST", "https://x/webhooks/webshop", list(headers.items()), body)


def test_signature() -> None:
    """The request is judged by what the table says, with its own tolerance."""
    webshop = load_sources(WEBSHOP)["webshop"]
    timestamp = str(int(NOW.timestamp()))
    digest = hmac.new(b"s", timestamp.encode() + b".{}", "sha256").hexdigest()
    headers = {"x-acme-signature": f"sha256={digest}", "x-acme-timestamp": timestamp}
    webshop.verifier.verify(request(b"{}", headers), ["s"], NOW + timedelta(seconds=60))
    with pytest.raises(TimestampStaleError):
        webshop.verifier.verify(request(b"{}", headers), ["s"], NOW + timedelta(seconds=61))
    with pytest.raises(SignatureInvalidError):
        webshop.verifier.verify(request(b"[]", headers), ["s"], NOW)
    assert webshop.signed_by == {"x-acme-signature"}


def test_other_signature() -> None:
    """Two tables are two sources, each with its own scheme."""
    sources = load_sources(WEBSHOP)
    assert ["webshop", "billing"] == list(sources) == [each.name for each in sources.values()]
    digest = base64.b64encode(hmac.new(b"s", b"{}", "sha512").digest()).decode()
    sources["billing"].verifier.verify(request(b"{}", {"x-signature": digest}), ["s"], NOW)


def test_defaults() -> None:
    """The header alone is enough: hex HMAC-SHA256 of the body, one event keyed by its hash."""
    source = load_sources(config(header='"x-sig"'))["webshop"]
    assert source.verifier == HmacVerifier("x-sig")
    [event] = source.split(b'{"id":1}', {})
    assert (hashlib.sha256(b'{"id":1}').hexdigest(), b'{"id":1}') == (event.event_key, event.body)
    assert source.handshake is source.echo is None


def test_split_and_header_key() -> None:
    """Events of one request share its id, so their place is part of the key."""
    webshop = load_sources(WEBSHOP)["webshop"]
    body = b'{"at": 1, "events": [ {"n":1.0} , {"n":2}]}'
    assert [("a-1/0", b'{"n":1.0}'), ("a-1/1", b'{"n":2}')] == [
        (event.event_key, event.body) for event in webshop.split(body, {"x-acme-id": "a-1"})
    ]
    assert hashlib.sha256(b'{"n":2}').hexdigest() == webshop.split(body, {})[1].event_key


@pytest.mark.parametrize("body", [b"", b"[", b"5", b'{"events":5}', b'{"events":[1}', b"\xff"])
def test_not_split(body: bytes) -> None:
    """Where there is no array at the pointer, the body is one event, whole."""
    [event] = load_sources(WEBSHOP)["webshop"].split(body, {"x-acme-id": "a-1"})
    assert (hashlib.sha256(body).hexdigest(), body) == (event.event_key, event.body)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"data":{"id":"evt-1"}}', "evt-1"),
        (b'{"data":{"id":12345678901234567890}}', "12345678901234567890"),
        (b'{"data":{"id":true}}', None),
        (b'{"data":{"id":1.5}}', None),
        (b'{"data":{"id":"a b"}}', None),
        (b'{"data":{}}', None),
        (b'{"data":[]}', None),
        (b"{", None),
    ],
)
def test_key_in_the_body(body: bytes, key: str | None) -> None:
    """A text or a whole number at the pointer is the key, else the hash of the body is."""
    [event] = load_sources(WEBSHOP)["billing"].split(body, {})
    assert (key or hashlib.sha256(body).hexdigest()) == event.event_key


def test_root_array_and_odd_pointers() -> None:
    """The body itself may be the array; names with slashes and places in arrays are pointed at."""
    text = config(header='"x"', split='""', event_key="'body:/a~1b/1/~0'")
    body = b'[{"a/b":[0,{"~":"k1"}]}, {"a/b":[0]}, {"a/b":{"1":{"~":"k3"}}}]'
    first, second, third = load_sources(text)["webshop"].split(body, {})
    assert ("k1", "k3") == (first.event_key, third.event_key)
    assert hashlib.sha256(second.body).hexdigest() == second.event_key


def test_handshake() -> None:
    """The configured parameters carry challenge and token."""
    handshake = load_sources(WEBSHOP)["webshop"].handshake
    assert handshake
    assert handshake({"challenge": "c", "verify_token": "t"}, ["t"]).body == b"c"
    with pytest.raises(HandshakeRefusedError):
        handshake({"challenge": "c", "verify_token": "u"}, ["t"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[webshop", "TOML"),
        ("webshop = 1", "[webshop] table"),
        ("[stripe]\nheader = 'x'", "[stripe] is built in"),
        ("[millrace]\nheader = 'x'", "[millrace]"),
        ("[Webshop]\nheader = 'x'", "[Webshop]"),
        ("['web shop']\nheader = 'x'", "[web shop]"),
        (f"[{'a' * 64}]\nheader = 'x'", "[aaaa"),
        ("[webshop]", "[webshop] header"),
        (config(header='"x"', secret='"s"'), "[webshop] secret"),
        (config(header='""'), "[webshop] header"),
        (config(header='"x y"'), "[webshop] header"),
        (config(header='"x\\n"'), "[webshop] header"),
        (config(header="5"), "[webshop] header"),
        (config(header='"x"', algorithm='"md5"'), "[webshop] algorithm"),
        (config(header='"x"', encoding='"base32"'), "[webshop] encoding"),
        (config(header='"x"', payload='"x"'), "[webshop] payload"),
        (config(header='"x"', payload='"{body}{body}"'), "[webshop] payload"),
        (config(header='"x"', payload='"{when}.{body}"'), "[webshop] payload"),
        (config(header='"x"', payload='"{timestamp}.{body}"'), "[webshop] payload: {timestamp}"),
        (config(header='"x"', timestamp_header='"y"'), "[webshop] payload: {timestamp}"),
        (config(header='"x"', id_header='"y"'), "[webshop] payload: {id}"),
        (config(header='"x"', timestamp_unit='"h"'), "[webshop] timestamp_unit"),
        (config(header='"x"', tolerance_seconds="0"), "[webshop] tolerance_seconds"),
        (config(header='"x"', tolerance_seconds='"5"'), "[webshop] tolerance_seconds"),
        (config(header='"x"', split='"events"'), "[webshop] split"),
        (config(header='"x"', event_key='"id"'), "[webshop] event_key"),
        (config(header='"x"', event_key='"body:id"'), "[webshop] event_key"),
        (config(header='"x"', handshake="{ token = 't' }"), "[webshop] handshake.challenge"),
        (config(header='"x"', handshake="{ challenge = 'c', x = 1 }"), "[webshop] handshake.x"),
    ],
)
def test_refused(text: str, named: str) -> None:
    """A configuration that cannot work is refused, naming the table and the key."""
    with pytest.raises(SourceConfigError) as caught:
        load_sources(text)
    assert named in str(caught.value)
    assert caught.value.code == "SETTING_INVALID"


def test_values_are_not_repeated() -> None:
    """A secret that was put where none belongs does not reach the message."""
    with pytest.raises(SourceConfigError) as caught:
        load_sources(config(header='"x"', secret='"hunter2"'))
    assert "hunter2" not in str(caught.value)


def test_nothing_configured() -> None:
    """No tables are no sources."""
    assert load_sources("") == {}
