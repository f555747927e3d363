"""How the requests of each vendor become events: what is split, and what the keys are."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from ingestion.errors import SignatureInvalidError
from ingestion.sandbox.vendors import (
    calendly_event,
    github_issue,
    intercom_notification,
    meta_leads,
    segment_event,
    shopify_order,
    slack_challenge,
    slack_event,
    stripe_event,
)
from ingestion.sandbox.webhooks import sign_body
from ingestion.signatures import SegmentVerifier, SignedRequest
from ingestion.webhooks import SOURCES, SplitEvent
from ingestion.webhooks.base import Receipt

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def split(source: str, document: object, **headers: str) -> list[SplitEvent]:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    pairs = {name.replace("_", "-"): value for name, value in headers.items()}
    return list(SOURCES[source].split(body, pairs))


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    ("source", "document", "key"),
    [
        ("stripe", stripe_event("invoice.paid", {"id": "in_1"}, NOW, event_id="evt_1"), "evt_1"),
        ("slack", slack_event({"type": "message"}, NOW, event_id="Ev1"), "Ev1"),
        (
            "intercom",
            intercom_notification("contact.created", {"id": "c"}, NOW, notification_id="notif_1"),
            "notif_1",
        ),
        ("segment", segment_event("Paid", NOW, message_id="ajs-1", user_id="u"), "ajs-1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_key_in_the_body(source: str, document: object, key: str) -> None:
    """A vendor's own event id is the key, and the body is kept as it came."""
    assert [SplitEvent(key, orjson.dumps(document))] == split(source, document)


@pytest.mark.parametrize(
    ("source", "header"), [("shopify", "x-shopify-webhook-id"), ("github", "x-github-delivery")]
)
def test_key_in_a_header(source: str, header: str) -> None:
    """Where the id is a header, that is the key; without it, the hash of the body."""
    body = orjson.dumps(
        shopify_order(1, NOW, email="a@example.com", total="1.00")
        if source == "shopify"
        else github_issue("opened", 7, "Broken", repository="acme/site")
    )
    signed = sign_body(source, body, secret="s", sent_at=NOW, event_id="b54557e4-bdd9")
    assert [SplitEvent("b54557e4-bdd9", body)] == list(SOURCES[source].split(body, signed.headers))
    assert [SplitEvent(sha256(body), body)] == list(SOURCES[source].split(body, {}))
    assert header in signed.headers


def booking(**changes: object) -> dict[str, object]:
    whole = calendly_event(
        "invitee.created",
        NOW,
        email="a@example.com",
        name="A",
        starts_at=NOW + timedelta(days=1),
        invitee="AAAA",
    )
    return {**whole, **changes}


def test_calendly_key() -> None:
    """The same happening has the same key whatever else the body says; another has another."""
    [first] = split("calendly", booking())
    [again] = split("calendly", booking(created_by="someone else"))
    [canceled] = split("calendly", booking(event="invitee.canceled"))
    [later] = split("calendly", booking(created_at="2026-03-02T00:00:00Z"))
    assert first.event_key == again.event_key
    assert len({first.event_key, canceled.event_key, later.event_key}) == 3


@pytest.mark.parametrize("missing", ["event", "created_at", "payload"])
def test_calendly_without_identity(missing: str) -> None:
    """An event that does not say what happened to whom and when is keyed by its whole body."""
    document = booking(**{missing: None})
    assert sha256(orjson.dumps(document)) == split("calendly", document)[0].event_key


def test_meta_leads() -> None:
    """Each lead of a Meta request is an event: the change, with what stood around it."""
    document = meta_leads([(444111, NOW), (444222, NOW)])
    first, second = split("meta", document)
    [entry] = document["entry"]
    assert ["leadgen:444111", "leadgen:444222"] == [first.event_key, second.event_key]
    assert orjson.loads(second.body) == {
        "object": "page",
        "entry_id": entry["id"],
        "time": entry["time"],
        "change": entry["changes"][1],
    }


def test_meta_keeps_what_it_was_sent() -> None:
    """A change is copied as it was written: numbers, escapes and spaces included."""
    value = b'{"leadgen_id":444111, "big":12345678901234567890123.0,"s":"\\u00e9\\/"}'
    change = b'{"field":"leadgen" ,"value":' + value + b"}"
    [event] = split(
        "meta", b'{"object":"page","entry":[{"id":"1","time":2,"changes":[' + change + b"]}]}"
    )
    assert b'{"object":"page","entry_id":"1","time":2,"change":' + change + b"}" == event.body
    assert event.event_key == "leadgen:444111"


def test_meta_keeps_the_rest_of_an_entry() -> None:
    """What an entry says beside its changes goes with each of them."""
    [event] = split(
        "meta", {"entry": [{"uid": "7", "changes": [{"field": "email", "value": "x"}], "a": [1]}]}
    )
    assert orjson.loads(event.body)["entry"] == {"uid": "7", "a": [1]}


def test_meta_other_changes() -> None:
    """A change that is no lead is keyed by its content, so that the same is the same."""
    page = {"id": "1", "time": 2, "changes": [{"field": "feed", "value": {"leadgen_id": "9"}}]}
    one = split("meta", {"object": "page", "entry": [page]})
    again = split("meta", {"object": "page", "entry": [page]})
    later = split("meta", {"object": "page", "entry": [{**page, "time": 3}]})
    assert one == again
    assert one[0].event_key == sha256(one[0].body) != later[0].event_key


@pytest.mark.parametrize(
    "document",
    [
        {"object": "page", "entry": [{"id": "1", "messaging": [{"message": {}}]}]},
        {"object": "page", "entry": {"changes": []}},
        {"object": "page"},
        [],
        {"entry": [{"changes": [{}]}, 5]},
    ],
)
def test_meta_without_changes(document: object) -> None:
    """A request that is not made of changes is one event, whole."""
    body = orjson.dumps(document)
    assert [SplitEvent(sha256(body), body)] == split("meta", document)


def test_meta_thousand() -> None:
    """The most that Meta puts into one request comes out, each lead once."""
    events = split("meta", meta_leads((400_000 + number, NOW) for number in range(1000)))
    assert len({event.event_key for event in events}) == 1000


BATCH = [segment_event("Paid", NOW, message_id=f"ajs-{n}", user_id="ü", n=n) for n in range(3)]


@pytest.mark.parametrize("wrapped", [False, True], ids=["array", "object"])
def test_segment_batch(wrapped: bool) -> None:
    """Each event of a Segment batch is one event, keyed by its message id."""
    events = split("segment", {"batch": BATCH, "sentAt": "x"} if wrapped else BATCH)
    assert [("ajs-0", BATCH[0]), ("ajs-1", BATCH[1]), ("ajs-2", BATCH[2])] == [
        (event.event_key, orjson.loads(event.body)) for event in events
    ]


def test_segment_odd_items() -> None:
    """Items without a usable message id are keyed by their content; an empty batch has none."""
    events = split("segment", b'[{"messageId":5}, 7 ,{"messageId":"a b"}]')
    assert [b'{"messageId":5}', b"7", b'{"messageId":"a b"}'] == [event.body for event in events]
    assert all(event.event_key == sha256(event.body) for event in events)
    assert split("segment", b"[]") == split("segment", b'{"batch":[]}') == []


def segment_request(body: bytes, signed: bytes) -> SignedRequest:
    digest = hmac.new(b"s", signed, "sha1").hexdigest()
    return SignedRequest("POST", "https://x/webhooks/segment", [("x-signature", digest)], body)


@pytest.mark.parametrize("wrapped", [False, True], ids=["array", "object"])
def test_segment_batch_is_signed_over_its_first_event(wrapped: bool) -> None:
    """A batch is taken on the word of its first event, unless batches are refused."""
    body = orjson.dumps({"batch": BATCH} if wrapped else BATCH)
    request = segment_request(body, orjson.dumps(BATCH[0]))
    SegmentVerifier().verify(request, ["old", "s"], NOW)
    with pytest.raises(SignatureInvalidError):
        SegmentVerifier().verify(request, ["old"], NOW)
    with pytest.raises(SignatureInvalidError):
        SegmentVerifier(batches=False).verify(request, ["s"], NOW)
    SegmentVerifier(batches=False).verify(segment_request(body, body), ["s"], NOW)


def test_segment_crowded_batch() -> None:
    """An object with more members than a batch has is not searched for one."""
    usual, crowded = (
        segment_request(
            orjson.dumps({**dict.fromkeys(map(str, range(more)), 1), "batch": BATCH}),
            orjson.dumps(BATCH[0]),
        )
        for more in (49, 50)
    )
    SegmentVerifier().verify(usual, ["s"], NOW)
    with pytest.raises(SignatureInvalidError):
        SegmentVerifier().verify(crowded, ["s"], NOW)


def test_segment_first_event_counts() -> None:
    """The signature of any other event of a batch proves nothing."""
    request = segment_request(orjson.dumps(BATCH), orjson.dumps(BATCH[1]))
    with pytest.raises(SignatureInvalidError):
        SegmentVerifier().verify(request, ["s"], NOW)


def test_segment_sandbox_signs_batches() -> None:
    """The sandbox signs a batch as Segment does: over its first event."""
    body = orjson.dumps(BATCH)
    signed = sign_body("segment", body, secret="s", sent_at=NOW)
    expected = hmac.new(
        b"s", json.dumps(BATCH[0], ensure_ascii=False, separators=(",", ":")).encode(), "sha1"
    )
    assert expected.hexdigest() == signed.headers["x-signature"]


def test_slack_echo() -> None:
    """Slack's challenge is given back; an event asks for nothing."""
    echo = SOURCES["slack"].echo
    assert echo

    def answer(document: object) -> object:
        reply = echo(SignedRequest("POST", "/", [], orjson.dumps(document)))
        return reply and orjson.loads(reply.body)

    assert answer(slack_challenge("3eZbrw1a")) == {"challenge": "3eZbrw1a"}
    assert answer(slack_event({"text": "url_verification"}, NOW, event_id="Ev1")) is None
    assert answer({"type": "url_verification", "challenge": 5}) is None
    assert answer({"type": "x", "a": "url_verification", "challenge": "c"}) is None
    assert answer("url_verification") is None


@pytest.mark.parametrize("source", sorted(SOURCES.keys() - {"salesforce"}))
def test_acknowledgement(source: str) -> None:
    """Every vendor is answered 200 with counts; no answer makes one switch its webhooks off."""
    reply = SOURCES[source].acknowledge(Receipt(2, 1, "c-1"))
    assert (reply.status, reply.media_type) == (200, "application/json")
    assert orjson.loads(reply.body) == {"accepted": 2, "duplicates": 1, "correlation_id": "c-1"}
