"""`POST /v1/events`: what is taken, what is stored, and what is told of it."""

from __future__ import annotations

import json

import pytest
from support.api import FORM, START, bodies, problem

from ingestion.api.envelope import MAX_EVENTS
from ingestion.contracts import ContractSet
from ingestion.event_log import CounterKey


def test_one_event(gateway, key):
    """An event is stored under its id and source, then acknowledged with its position."""
    answer = gateway.post(key, {"source": "webshop", **FORM})
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": 0,
        "correlation_id": answer.headers["x-correlation-id"],
        "results": [{"status": "accepted", "event_key": "form-1", "position": 1}],
    }
    [stored] = gateway.log.read()
    assert (stored.source, stored.event_key, stored.kind) == ("webshop", "form-1", "webhook")
    assert stored.received_at == START
    assert stored.correlation_id == answer.headers["x-correlation-id"]
    assert json.loads(stored.body) == FORM


def test_headers_kept(gateway, key):
    """The log tells which key sent an event, and nothing that could prove it."""
    gateway.post(key, FORM, headers={"cookie": "secret", "user-agent": "shop/1"})
    [stored] = gateway.log.read()
    assert {"content-type", "user-agent", "api-key-id"} == set(stored.headers)
    assert key.split("_")[1] == stored.headers["api-key-id"]
    assert key.split("_", 2)[2] not in str(stored.headers)


def test_unknown_members_are_kept(gateway, key):
    """Members beyond the envelope stay; the source is a column and does not."""
    gateway.post(key, {"source": "webshop", "schema_version": "2", **FORM, "extra": [1, None]})
    assert bodies(gateway) == [{**FORM, "schema_version": "2", "extra": [1, None]}]


def test_content_is_not_judged(gateway, key):
    """Content that breaks its contract is acknowledged: contracts are checked afterwards."""
    broken = {"type": "form_submit", "timestamp": "yesterday", "data": "none"}
    assert gateway.post(key, broken).json()["accepted"] == 1
    assert bodies(gateway) == [broken]


def test_what_is_stored_fulfils_the_standard_contract(gateway, key):
    """A sound event of a source without contracts of its own passes the standard ones."""
    gateway.post(key, {"type": "form_submit", "data": {"email": "ada@example.com"}})
    [stored] = gateway.log.read()
    finding = ContractSet.load().check("standard", stored.body)
    assert finding.contract.startswith("standard/form_submit/")
    assert finding.problem_code is None


def test_batch_results_in_order(gateway, key):
    """Each event of a batch has its own result; a bad one does not fail its neighbours."""
    items = [
        FORM,
        {**FORM, "id": 7},
        {**FORM, "id": "form-2"},
        FORM,
        "text",
        {**FORM, "source": "billing"},
    ]
    answer = gateway.post(key, {"events": items})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["accepted"], told["duplicates"], told["rejected"]) == (2, 1, 3)
    assert [(result["status"], result["position"]) for result in told["results"]] == [
        ("accepted", 1),
        ("rejected", None),
        ("accepted", 2),
        ("duplicate", 1),
        ("rejected", None),
        ("rejected", None),
    ]
    refused = [result for result in told["results"] if result["status"] == "rejected"]
    assert [result["code"] for result in refused] == [
        "EVENT_INVALID",
        "EVENT_INVALID",
        "SCOPE_DENIED",
    ]
    assert all(result["detail"] and result["remedy"] for result in refused)
    assert gateway.log.count().count == 2


def test_largest_batch(gateway, key):
    """1,000 events fit into one request."""
    events = [{"type": "page_view", "id": f"v-{number}"} for number in range(MAX_EVENTS)]
    assert gateway.post(key, {"events": events}).json()["accepted"] == MAX_EVENTS
    assert gateway.log.count().count == MAX_EVENTS


def test_batch_of_nothing_but_bad_events(gateway, key):
    """A batch in which nothing can be stored is still answered event by event."""
    told = gateway.post(key, {"events": [{}, []]}).json()
    assert (told["accepted"], told["rejected"]) == (0, 2)


def test_same_id_is_the_same_event(gateway, key):
    """The id belongs to the source: another key that sends it sends the same event."""
    gateway.post(key, FORM)
    other = gateway.key("webshop:write", "billing:write")
    again = gateway.post(other, {**FORM, "source": "webshop"}).json()
    elsewhere = gateway.post(other, {**FORM, "source": "billing"}).json()
    assert again["results"] == [{"status": "duplicate", "event_key": "form-1", "position": 1}]
    assert elsewhere["accepted"] == 1


def test_same_id_with_other_content_is_kept(gateway, key):
    """The same id with another content is a variant, and its repetition a duplicate."""
    gateway.post(key, FORM)
    other = {**FORM, "data": {"email": "grace@example.com"}}
    first, second = gateway.post(key, other).json(), gateway.post(key, other).json()
    assert (first["accepted"], second["duplicates"]) == (1, 1)
    assert first["results"][0]["event_key"].startswith("form-1~")


@pytest.mark.parametrize("timeless", [{}, {"timestamp": None}])
@pytest.mark.parametrize("identity", [{}, {"id": "form-1"}])
def test_event_without_a_time(gateway, key, identity, timeless):
    """An event without a time happened when it was received; sent again later it is the same."""
    event = {"type": "form_submit", "data": {"email": "ada@example.com"}, **identity, **timeless}
    gateway.post(key, event)
    gateway.clock.pass_(hours=1)
    assert gateway.post(key, event).json()["duplicates"] == 1
    assert [body["timestamp"] for body in bodies(gateway)] == ["2026-03-01T12:00:00.123456Z"]


def test_events_without_an_id(gateway, key):
    """Without an id, events with the same content are one, with another they are two."""
    anonymous = {name: value for name, value in FORM.items() if name != "id"}
    reordered = dict(reversed(anonymous.items()))
    later = {**anonymous, "timestamp": "2026-03-01T11:00:01Z"}
    told = gateway.post(key, {"events": [anonymous, reordered, later]}).json()
    assert (told["accepted"], told["duplicates"]) == (2, 1)


def test_the_only_source(gateway):
    """A key that writes to one source need not name it; one for several must."""
    one = gateway.key("webshop:write", "billing:read")
    several = gateway.key("webshop:write", "billing:write")
    every = gateway.key("*:write")
    assert gateway.post(one, FORM).status_code == 200
    assert problem(gateway.post(several, FORM)) == (422, "EVENT_INVALID")
    assert problem(gateway.post(every, FORM)) == (422, "EVENT_INVALID")
    assert gateway.post(every, {**FORM, "source": "anything"}).json()["accepted"] == 1


def test_deepest_document(gateway, key):
    """A hundred levels are taken."""
    body = b'{"type": "a", "data": ' + b"[" * 99 + b"]" * 99 + b"}"
    assert gateway.post(key, content=body).status_code == 200


def test_nul_characters(gateway, key):
    """A NUL, which no warehouse takes, is left out."""
    gateway.post(key, content=b'{"type": "a\\u0000b", "data": {"\\u0000c": 1}}')
    assert bodies(gateway)[0]["type"] == "ab"


def test_correlation_id(gateway, key):
    """The caller's correlation id goes into the log and comes back."""
    answer = gateway.post(key, FORM, headers={"x-correlation-id": "order-12345"})
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"] == "order-12345"
    assert gateway.log.read()[0].correlation_id == "order-12345"


def test_log_line(gateway, key):
    """A request is one line with its facts; no secret and nothing of a person is in it."""
    gateway.post(key, {"events": [FORM, FORM, {}]})
    gateway.post(key[:-1], FORM)
    taken, refused = gateway.logged()
    assert {
        "event": "events",
        "method": "POST",
        "status": 200,
        "accepted": 1,
        "duplicates": 1,
        "rejected": 1,
        "api_key_id": key.split("_")[1],
    }.items() <= taken.items()
    assert (refused["status"], refused["code"]) == (401, "API_KEY_INVALID")
    written = gateway.lines.getvalue().decode()
    assert key.split("_", 2)[2][:20] not in written
    assert "ada@" not in written


def test_counts(gateway, key):
    """Refusals, of requests and of events in them, are counted durably by code."""
    gateway.post(key, {"events": [FORM, {}, {}]})
    gateway.post(None, FORM)
    gateway.stop()
    counters = gateway.log.counters()
    assert counters[CounterKey("webshop", "received")] == 1
    assert counters[CounterKey("api", "rejected", "EVENT_INVALID")] == 2
    assert counters[CounterKey("api", "rejected", "API_KEY_MISSING")] == 1
