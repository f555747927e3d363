"""How a vendor's request becomes events, and which keys they get."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil

import pytest

from ingestion import webhooks
from ingestion.webhooks import SOURCES
from ingestion.webhooks.hubspot import split as split_hubspot
from ingestion.webhooks.standard import split as split_standard
from ingestion.webhooks.typeform import split as split_typeform

DAMAGED = [b"", b"{", b"\xff", b"null", b"5", b"[" * 100_000, b'{"event_id":7}', b"[1", b"9" * 9999]


def test_sources() -> None:
    """The registry knows each source of the folder by its name."""
    modules = [
        importlib.import_module(f"{webhooks.__name__}.{found.name}")
        for found in pkgutil.iter_modules(webhooks.__path__)
    ]
    there = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    assert len(there) >= 12
    assert {source.name: source for source in there} == dict(SOURCES)


@pytest.mark.parametrize("body", DAMAGED, ids=range(len(DAMAGED)))
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_damaged_body_is_one_event(name: str, body: bytes) -> None:
    """A body that cannot be split is one event, complete, keyed by its hash."""
    [event] = SOURCES[name].split(body, {})
    assert (hashlib.sha256(body).hexdigest(), body) == (event.event_key, event.body)


def test_typeform_key() -> None:
    """A Typeform response is keyed by its event id."""
    [event] = split_typeform(b'{"event_id":"01HX"}', {})
    assert event.event_key == "01HX"


@pytest.mark.parametrize("event_id", ["", "a b", "x" * 201, "é", "a\nb", "\x00", "a~b"])
def test_odd_id_is_not_used(event_id: str) -> None:
    """An id that is empty, long or holds odd characters gives way to the hash of the body."""
    body = json.dumps({"event_id": event_id}).encode()
    [event] = split_typeform(body, {})
    assert hashlib.sha256(body).hexdigest() == event.event_key


def test_standard_key() -> None:
    """A Standard Webhooks event is keyed by its message id."""
    [event] = split_standard(b"not json", {"webhook-id": "msg_1"})
    assert (event.event_key, event.body) == ("msg_1", b"not json")


def test_hubspot_items() -> None:
    """Each item of a HubSpot batch is one event, byte for byte as it was sent."""
    items = [b'{"eventId": 1, "big": 123456789012345678901234567890}', b'{"n":"\\u00e9"}', b"3"]
    events = split_hubspot(b" [ " + b" ,\n".join(items) + b" ] ", {})
    assert items == [event.body for event in events]


def test_hubspot_repetition() -> None:
    """A change sent again has the same key, whatever its attempt number and order of fields."""
    first = split_hubspot(b'[{"eventId":1,"objectId":2,"attemptNumber":0}]', {})
    again = split_hubspot(b'[{"attemptNumber":3,"objectId":2,"eventId":1}]', {})
    assert first[0].event_key == again[0].event_key


def test_hubspot_event_id_is_not_enough() -> None:
    """Two changes with one event id, which HubSpot may send, are two events."""
    one, two = split_hubspot(b'[{"eventId":1,"objectId":2},{"eventId":1,"objectId":3}]', {})
    assert one.event_key != two.event_key


def test_hubspot_empty() -> None:
    """An empty batch has no events."""
    assert list(split_hubspot(b"[ ]", {})) == []


@pytest.mark.parametrize("body", [b"[1] x", b"[1,]", b"[,1]", b"[1 2]", b'{"a":1}'])
def test_hubspot_no_array(body: bytes) -> None:
    """What is not exactly one array is not split."""
    assert [body] == [event.body for event in split_hubspot(body, {})]
