"""`POST /v1/events`: what is taken, what is refused, and what is stored."""

from __future__ import annotations

import json

import pytest
from support.api import START, ApiGateway, problem

from ingestion.api.envelope import MAX_EVENT_BYTES, MAX_EVENTS
from ingestion.contracts import ContractSet
from ingestion.errors import LogUnavailableError
from ingestion.event_log import CounterKey

FORM = {
    "type": "form_submit",
    "id": "form-1",
    "timestamp": "2026-03-01T11:00:00Z",
    "data": {"email": "ada@example.com"},
}


@pytest.fixture
def make(tmp_path):
    """Makes a gateway with other settings than usual."""
    made = []

    def factory(**settings):
        made.append(ApiGateway(f"sqlite:///{tmp_path}/events.db", **settings))
        return made[-1]

    yield factory
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make):
    return make()


@pytest.fixture
def key(gateway):
    return gateway.key("webshop:write")


def bodies(gateway):
    return [json.loads(event.body) for event in gateway.log.read()]


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


@pytest.mark.parametrize("name", ["hubspot", "standard", "millrace", "api", "gateway", "unknown"])
def test_taken_names(gateway, name):
    """Nobody writes events of a vendor, or of ours, with an API key."""
    every = gateway.key("*:write")
    assert problem(gateway.post(every, {**FORM, "source": name})) == (422, "EVENT_INVALID")
    assert gateway.log.count().count == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"type": None},
        {"type": ""},
        {"type": 5},
        {"type": "x" * 201},
        {"id": ""},
        {"id": 5},
        {"id": "a b"},
        {"id": "ä"},
        {"id": "a~b"},
        {"id": "x" * 201},
        {"source": "Webshop"},
        {"source": "web-shop"},
        {"source": ""},
        {"source": 5},
        {"source": "x" * 64},
        {"source": "webshop\n"},
        {"data": "x" * MAX_EVENT_BYTES},
    ],
)
def test_bad_envelope(gateway, key, changes):
    """An event whose envelope is wrong is refused, and its values are not repeated."""
    answer = gateway.post(key, {**FORM, **changes})
    assert problem(answer) == (422, "EVENT_INVALID")
    assert len(answer.text) < 600
    assert gateway.log.count().count == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "REQUEST_INVALID")),
        (b"{", (400, "REQUEST_INVALID")),
        (b"\xff", (400, "REQUEST_INVALID")),
        (b"NaN", (400, "REQUEST_INVALID")),
        (b"null", (400, "REQUEST_INVALID")),
        (b"[]", (400, "REQUEST_INVALID")),
        (b'{"events": []}', (400, "REQUEST_INVALID")),
        (b'{"events": {}}', (400, "REQUEST_INVALID")),
        (b'{"events": null}', (400, "REQUEST_INVALID")),
        (b'{"events": [{"type": "a"}], "source": "webshop"}', (400, "REQUEST_INVALID")),
        (b'{"events": [' + b"0," * MAX_EVENTS + b"0]}", (413, "BATCH_TOO_LARGE")),
        (b'{"type": "' + b"x" * 1_048_576 + b'"}', (413, "BODY_TOO_LARGE")),
        (b'{"type": "a", "data": ' + b"[" * 100 + b"]" * 100 + b"}", (400, "REQUEST_INVALID")),
        (b'{"type": "a", "data": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", (400, "REQUEST_INVALID")),
    ],
)
def test_bad_request(gateway, key, body, expected):
    """A request that cannot be read is refused as a whole."""
    assert problem(gateway.post(key, content=body)) == expected
    assert gateway.log.count().count == 0


def test_deepest_document(gateway, key):
    """A hundred levels are taken."""
    body = b'{"type": "a", "data": ' + b"[" * 99 + b"]" * 99 + b"}"
    assert gateway.post(key, content=body).status_code == 200


def test_nul_characters(gateway, key):
    """A NUL, which no warehouse takes, is left out."""
    gateway.post(key, content=b'{"type": "a\\u0000b", "data": {"\\u0000c": 1}}')
    assert bodies(gateway)[0]["type"] == "ab"


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


def test_log_unavailable(gateway, key, monkeypatch):
    """When the log takes nothing, nothing is acknowledged and the client is told when to come."""

    def refuse(*_arguments):
        raise LogUnavailableError("The disk is full.")

    monkeypatch.setattr(gateway.log, "append", refuse)
    answer = gateway.post(key, FORM)
    assert problem(answer) == (503, "LOG_UNAVAILABLE")
    assert answer.headers["retry-after"] == "5"


def test_database_gone(gateway, key):
    """A key that cannot be looked up is no key: the request waits until it can."""
    with gateway.log.engines[1].begin() as connection:
        connection.exec_driver_sql("drop table api_keys")
    answer = gateway.post(key, FORM)
    assert problem(answer) == (503, "LOG_UNAVAILABLE")
    assert "select" not in answer.text.lower()


def test_defect(gateway, key, monkeypatch):
    """A defect of ours is a 500 that tells nothing of what was sent."""

    def fail(*_arguments):
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr(gateway.log, "append", fail)
    answer = gateway.post(key, FORM)
    assert problem(answer) == (500, "INTERNAL_ERROR")
    assert "ada" not in answer.text


def test_headers_too_large(make):
    """Headers are bounded before anything else is looked at."""
    gateway = make(max_header_bytes=1_000)
    answer = gateway.post(gateway.key("webshop:write"), FORM, headers={"x-filler": "x" * 1_000})
    assert problem(answer) == (431, "HEADERS_TOO_LARGE")


def test_too_many_at_once(make):
    """More requests at once than the gateway takes are sent away for a moment."""
    gateway = make(max_in_flight=0)
    answer = gateway.post(gateway.key("webshop:write"), FORM)
    assert problem(answer) == (503, "TOO_MANY_REQUESTS_IN_FLIGHT")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_method(gateway, key, method):
    """Events are sent by POST alone."""
    answer = gateway.run(key, lambda client: client.request(method, "/v1/events"))
    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")
