"""Idempotency-Key and the look-up, on both databases."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta

import pytest
from support.api import START, ApiGateway, problem

from ingestion.api.idempotency import LEASE, Request, RequestStore, Reservation
from ingestion.errors import (
    IdempotencyInProgressError,
    LogUnavailableError,
)

FORM = {"type": "form_submit", "id": "form-1", "data": {"email": "ada@example.com"}}
ANONYMOUS = {"type": "page_view", "data": {}}
NAMED = {"idempotency-key": "order 66"}


@pytest.fixture
def gateway(each_database):
    made = ApiGateway(each_database)
    yield made
    made.close()


@pytest.fixture
def key(gateway):
    return gateway.key("webshop:write", "webshop:read")


@pytest.fixture
def store(gateway):
    return RequestStore(gateway.log.engines[1])


def request_of(key, body="b"):
    return Request(key.split("_")[1], NAMED["idempotency-key"], body)


def test_same_answer_again(gateway, key):
    """The same request again gets the very same answer, also much later, and stores nothing."""
    sent = {"events": [FORM, {"type": 5}, ANONYMOUS]}
    first = gateway.post(key, sent, headers=NAMED)
    gateway.clock.pass_(days=400)
    again = gateway.post(key, sent, headers=NAMED)
    assert (again.status_code, again.content) == (200, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-correlation-id"] != first.headers["x-correlation-id"]
    assert gateway.log.count().count == 2
    assert gateway.logged()[-1]["replayed"] is True


def test_other_body(gateway, key):
    """A key that came with another body is refused: one of the two is a mistake."""
    gateway.post(key, FORM, headers=NAMED)
    answer = gateway.post(key, {**FORM, "id": "form-2"}, headers=NAMED)
    assert problem(answer) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert gateway.log.count().count == 1


def test_keys_of_two_callers(gateway, key):
    """Two callers may choose the same Idempotency-Key; their anonymous events are two."""
    other = gateway.key("webshop:write")
    gateway.post(key, ANONYMOUS, headers=NAMED)
    answer = gateway.post(other, ANONYMOUS, headers=NAMED)
    assert "idempotency-replayed" not in answer.headers
    assert answer.json()["accepted"] == 1


def test_place_in_the_request(gateway, key):
    """Under an Idempotency-Key equal events without an id are as many as were sent."""
    told = gateway.post(key, {"events": [ANONYMOUS, ANONYMOUS]}, headers=NAMED).json()
    assert told["accepted"] == 2


@pytest.mark.parametrize("value", ["", " ", "x" * 201, "tab\tin it", b"\xc3\xa4"])
def test_unusable_key(gateway, key, value):
    """What cannot name a request is refused, not ignored."""
    answer = gateway.post(key, FORM, headers={"idempotency-key": value})
    assert problem(answer) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_two_keys(gateway, key):
    """A request has one name."""
    answer = gateway.post(key, FORM, headers=[("idempotency-key", "a"), ("idempotency-key", "b")])
    assert problem(answer) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_in_progress(gateway, key, store):
    """While a request is handled, its repetition waits."""
    body = json.dumps(FORM).encode()
    store.reserve(request_of(key, hashlib.sha256(body).hexdigest()), gateway.clock())
    answer = gateway.post(key, content=body, headers=NAMED)
    assert problem(answer) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert answer.headers["retry-after"] == "1"
    gateway.clock.pass_(seconds=LEASE.total_seconds())
    assert gateway.post(key, content=body, headers=NAMED).json()["accepted"] == 1


def test_crash_after_the_append(gateway, key, monkeypatch):
    """A process that dies between storing and answering leaves no event twice."""
    sent = {"events": [ANONYMOUS, ANONYMOUS]}

    def die(*_arguments):
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(RequestStore, "finish", die)
        with pytest.raises(asyncio.CancelledError):
            gateway.post(key, sent, headers=NAMED)
    assert problem(gateway.post(key, sent, headers=NAMED)) == (409, "IDEMPOTENCY_IN_PROGRESS")
    gateway.clock.pass_(seconds=31)
    told = gateway.post(key, sent, headers=NAMED).json()
    assert (told["accepted"], told["duplicates"]) == (0, 2)
    assert gateway.log.count().count == 2


@pytest.mark.parametrize(("error", "status"), [(RuntimeError(), 500), (LogUnavailableError(), 503)])
def test_failed_request_is_forgotten(gateway, key, monkeypatch, error, status):
    """What failed as a whole may be sent again at once."""

    def fail(*_arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(gateway.log, "append", fail)
        assert problem(gateway.post(key, FORM, headers=NAMED))[0] == status
    answer = gateway.post(key, FORM, headers=NAMED)
    assert answer.json()["accepted"] == 1
    assert "idempotency-replayed" not in answer.headers


def test_refused_event_is_forgotten(gateway, key):
    """A single event that was refused may be mended and sent under the same key."""
    assert problem(gateway.post(key, {"type": 5}, headers=NAMED)) == (422, "EVENT_INVALID")
    assert gateway.post(key, FORM, headers=NAMED).json()["accepted"] == 1


def test_at_the_same_time(gateway, key):
    """Of many equal requests at once one is handled; the others wait or get its answer."""

    async def talk(client):
        sending = [client.post("/v1/events", json=ANONYMOUS, headers=NAMED) for _ in range(12)]
        return await asyncio.gather(*sending)

    answers = gateway.run(key, talk)
    good = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 1 == len({answer.content for answer in good})
    assert 1 == sum("idempotency-replayed" not in answer.headers for answer in good)
    assert gateway.log.count().count == 1


def test_reservation_taken_over(store, key):
    """Who lost its reservation can neither answer for, nor forget, the one who has it now."""
    first = store.reserve(request_of(key), START)
    with pytest.raises(IdempotencyInProgressError):
        store.reserve(request_of(key), START + LEASE - timedelta(microseconds=1))
    second = store.reserve(request_of(key), START + LEASE)
    assert isinstance(first, Reservation)
    assert isinstance(second, Reservation)
    store.finish(first, b"late")
    store.release(first)
    with pytest.raises(IdempotencyInProgressError):
        store.reserve(request_of(key), START + LEASE)
    store.finish(second, b"answer")
    store.release(second)
    assert store.reserve(request_of(key), START + LEASE).body == b"answer"


def test_clock_that_went_back(store, key):
    """A reservation of the future does not block its request until then."""
    store.reserve(request_of(key), START + timedelta(days=1))
    assert isinstance(store.reserve(request_of(key), START), Reservation)


def test_look_up(gateway, key):
    """A request's events are found under its correlation id, without what they say."""
    sent = gateway.post(key, {"events": [FORM, ANONYMOUS]}).json()
    answer = gateway.get(key, f"/v1/events/{sent['correlation_id']}")
    assert answer.headers["ratelimit-limit"] == "600"
    assert "ada@" not in answer.text
    found = answer.json()
    assert found["next_after"] is None
    assert found["events"][0] == {
        "position": 1,
        "source": "webshop",
        "event_key": "form-1",
        "kind": "webhook",
        "received_at": "2026-03-01T12:00:00.123456Z",
    }
    assert [event["position"] for event in found["events"]] == [1, 2]


def test_look_up_shows_readable_sources_only(gateway):
    """A key sees the events of the sources that it may read, and not that there are others."""
    writer = gateway.key("*:write")
    events = [{**FORM, "source": name} for name in ("webshop", "billing", "shop_b")]
    sent = gateway.post(writer, {"events": events}).json()
    path = f"/v1/events/{sent['correlation_id']}"
    for scopes, expected in (
        (["billing:read"], ["billing"]),
        (["billing:read", "shop_b:read"], ["billing", "shop_b"]),
        (["*:read"], ["webshop", "billing", "shop_b"]),
        (["other:read"], []),
    ):
        found = gateway.get(gateway.key(*scopes), path).json()["events"]
        assert expected == [event["source"] for event in found]


def test_look_up_by_pages(gateway, key):
    """What does not fit into one answer follows behind its last position."""
    headers = {"x-correlation-id": "shared-by-many"}
    for start in (0, 1_000):
        events = [{"type": "a", "id": f"e-{start + number}"} for number in range(1_000)]
        gateway.post(key, {"events": events}, headers=headers)
    gateway.post(key, {"type": "a", "id": "last"}, headers=headers)
    path, pages, after = "/v1/events/shared-by-many", [], 0
    while after is not None:
        page = gateway.get(key, path, params={"after": after}).json()
        pages.append(len(page["events"]))
        after = page["next_after"]
    assert pages == [1_000, 1_000, 1]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events/%00",
        "/v1/events/a%20b",
        "/v1/events/%C3%A4",
        f"/v1/events/{'x' * 201}",
        "/v1/events/request-1?after=-1",
        "/v1/events/request-1?after=1e3",
        "/v1/events/request-1?after=",
        "/v1/events/request-1?after=1&after=2",
        f"/v1/events/request-1?after={'9' * 19}",
    ],
)
def test_bad_look_up(gateway, key, path):
    """An id that none can be, or a position that is none, is refused."""
    assert problem(gateway.get(key, path)) == (400, "REQUEST_INVALID")


def test_nothing_found(gateway, key):
    """An id under which nothing is has no events."""
    answer = gateway.get(key, "/v1/events/request-unknown", params={"after": "9" * 18})
    assert answer.json()["events"] == []
