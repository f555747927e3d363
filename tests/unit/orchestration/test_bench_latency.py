"""`millrace bench latency`: when it sends, how it recognises what arrived, and what it reports."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from time import perf_counter

import pytest

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.signatures import SignedRequest
from ingestion.webhooks import SOURCES
from orchestration.bench import latency_arrivals as arrivals
from orchestration.bench import latency_traffic as traffic
from orchestration.bench.gateway import running_service
from orchestration.bench.home import (
    Home,
    Made,
    Sample,
    lane_position,
    speed,
    wait_for_lane,
)
from orchestration.bench.latency import DESTINATIONS, LIMITS, Plan, measure_latency
from orchestration.bench.latency_lane import slowest_models
from orchestration.bench.requests import SECRETS
from orchestration.errors import BenchError

# dlt imports sqlglot, and with it a helper that some installations still have beside its successor.
pytestmark = pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(lead: traffic.Lead) -> dict[str, object]:
    """The answers of a lead, by question."""
    answers = json.loads(lead.webhook.body)["form_response"]["answers"]
    return {answer["field"]["ref"]: answer[answer["type"]] for answer in answers}


def asked(at: float, answered_at: float | None, status: int | None = 200) -> dict[str, object]:
    """A request as the sandbox lists it."""
    return {"at": at, "answered_at": answered_at, "status": status}


def contact(identifier: str, email: str | None, *writes: float) -> dict[str, object]:
    """A contact as the sandbox shows it."""
    return {"id": identifier, "properties": {"email": email}, "writes": list(writes)}


def task(contact_id: str, *writes: float) -> dict[str, object]:
    """A task on a contact's timeline."""
    return {"associations": [{"to": {"id": contact_id}}], "writes": list(writes)}


def hubspot(contacts=(), tasks=(), requests=()) -> dict[str, object]:
    return {"objects": {"contacts": contacts, "tasks": tasks}, "requests": requests}


def home(tmp_path) -> Home:
    return Home(tmp_path, "http://127.0.0.1:1", DESTINATIONS["instant"])


def test_the_schedule_is_even_and_as_long_as_asked():
    """So many a second are due at even times from the start on, none after the end."""
    assert traffic.due_times(4, 1) == [0.0, 0.25, 0.5, 0.75]
    assert len(traffic.due_times(10, 60)) == 600


def test_leads_are_different_people_and_one_of_ten_is_known():
    """Each lead has a key, an address and a phone of its own; every tenth is of the history."""
    made = traffic.leads(
        20, NOW, known=[("Kim@known.com", "Kim", "Known"), ("b@known.com", None, None)]
    )
    assert len({lead.key for lead in made}) == len({lead.email for lead in made}) == 20
    assert [n for n, lead in enumerate(made) if "known.com" in lead.email] == [0, 10]
    assert (made[0].email, made[0].name) == ("kim@known.com", "Kim Known")
    phones = [said(lead)["phone"] for lead in made if "known" not in lead.email]
    assert len(set(phones)) == 18


def test_fewer_known_people_than_wanted_are_made_up_for():
    """A small history gives as many known leads as it has; the others are new."""
    assert len(traffic.leads(30, NOW, known=[("a@known.com", None, None)])) == 30


def test_leads_for_an_enrichment_leave_out_what_it_tells():
    """Such a lead says neither job nor size of the company, which it needs to qualify."""
    [full], [lacking] = traffic.leads(1, NOW), traffic.leads(1, NOW, enriched=True)
    assert said(full).keys() - said(lacking).keys() == {"job_title", "employees"}


def test_visits_come_at_the_rate_asked_in_batches_the_gateway_takes():
    """The batches hold exactly rate times seconds events, each once, signed and within contract."""
    made = traffic.visits(25, 2, NOW, people=100)
    source, contracts = SOURCES["segment"], ContractSet.load()
    keys = set()
    for request in made:
        headers = list(request.webhook.headers.items())
        signed = SignedRequest("POST", "http://x", headers, request.webhook.body)
        source.verifier.verify(signed, [SECRETS["segment"]], NOW)
        for event in source.split(request.webhook.body, request.webhook.headers):
            assert contracts.check("segment", event.body).problem_code is None
            keys.add(event.event_key)
    assert len(keys) == 50
    assert max(request.due for request in made) < 2


def test_a_slow_answer_does_not_hold_up_the_next_request():
    """The loop is open: all requests are sent by their times although no answer has come."""
    waiting = asyncio.Event()
    seen = []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        seen.append(1)
        if len(seen) == 3:
            waiting.set()
        await waiting.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def play() -> traffic.Sent:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            requests = [traffic.Timed(0.0, lead.webhook) for lead in traffic.leads(3, NOW)]
            return await traffic.send(url, requests, perf_counter)

    assert asyncio.run(play()).statuses == {"200": 3}


def test_a_contact_is_accepted_when_the_first_request_that_wrote_it_is_answered():
    """What was written before the lead came, later changes and requests that failed do not count;
    the case of an address does not matter."""
    state = hubspot(
        contacts=[
            contact("1", "New@x.com", 11.0, 15.0),
            contact("2", "known@x.com", 3.0, 12.0),
            contact("3", "refused@x.com", 13.0),
            contact("4", "dropped@x.com", 14.0),
            contact("5", None, 11.0),
        ],
        requests=[
            asked(3.0, 3.1),
            asked(11.0, 11.4),
            asked(12.0, 12.2),
            asked(13.0, 13.1, 400),
            asked(14.0, None, None),
            asked(15.0, 15.1),
        ],
    )
    received = dict.fromkeys(("new@x.com", "known@x.com", "refused@x.com", "dropped@x.com"), 10.0)
    assert arrivals.contacts_accepted(state, received) == {"new@x.com": 11.4, "known@x.com": 12.2}


def test_a_task_belongs_to_the_person_on_whose_timeline_it_is():
    """The first task after the lead counts, found by the contact that it is tied to."""
    state = hubspot(
        contacts=[contact("1", "a@x.com", 11.0), contact("2", "b@x.com", 11.0)],
        tasks=[task("1", 4.0), task("1", 13.0), task("1", 12.0), task("9", 12.0)],
        requests=[asked(at, at + 0.5) for at in (4.0, 11.0, 12.0, 13.0)],
    )
    assert arrivals.tasks_accepted(state, {"a@x.com": 10.0, "b@x.com": 10.0}) == {"a@x.com": 12.5}


def test_an_alert_belongs_to_the_person_it_names():
    """An alert in Slack is found by the name in it, and counts from the answer on."""
    state = {
        "objects": {
            "messages": [
                {"text": "*Call Ada Newcomer1: score 80*\nmore", "ts": "11.250000"},
                {"text": "*Call Somebody Else: score 80*", "ts": "11.250000"},
                {"text": "hello", "ts": "11.250000"},
            ]
        },
        "requests": [asked(11.25, 11.45)],
    }
    emails = {"Ada Newcomer1": "a@x.com"}
    assert arrivals.alerts_accepted(state, emails) == {"a@x.com": 11.45}


def test_percentiles_are_of_those_that_arrived():
    """The way of each lead that arrived is counted in milliseconds, the others are not guessed."""
    received = {str(n): 100.0 for n in range(101)}
    arrived = {str(n): 100.0 + n / 1000 for n in range(1, 101)}
    told = arrivals.figures(received, arrived)
    assert told == {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0, "max_ms": 100.0, "count": 100}
    assert arrivals.figures(received, {})["count"] == 0


def test_growth_of_a_lag():
    """A lag that stays has no growth, one that rises has its slope; one look tells nothing."""
    assert arrivals.growth([(0.0, 7), (1.0, 7), (2.0, 7)]) == 0.0
    assert arrivals.growth([(5.0, 10), (6.0, 13), (7.0, 16)]) == pytest.approx(3.0)
    assert arrivals.growth([(5.0, 10)]) == 0.0


def test_speed_of_the_lane_leaves_its_start_out():
    """Events a second count from the first progress on, not while the process still loads."""
    seen = [Sample(0.0, None), Sample(5.0, 100), Sample(6.0, 200), Sample(8.0, 600)]
    assert speed(seen, before=100) == pytest.approx(200.0)
    assert speed(seen[:3], before=100) == 0.0


def test_the_position_of_the_lane(tmp_path):
    """Nothing while there is no ledger, no table or no row of the lane; else what it wrote."""
    settings = home(tmp_path).settings
    assert lane_position(settings) is None
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        assert lane_position(settings) is None
        ledger.execute("create table positions (reader text, position integer)")
        ledger.execute("insert into positions values ('another', 5)")
        ledger.commit()
        assert lane_position(settings) is None
        ledger.execute("insert into positions values ('fast_lane', 7)")
        ledger.commit()
        assert lane_position(settings) == 7
    assert wait_for_lane(settings, 7, seconds=10)[-1].position == 7
    with pytest.raises(BenchError):
        wait_for_lane(settings, 8, seconds=0.1)


def test_the_users_settings_do_not_reach_the_home(tmp_path, monkeypatch):
    """Whatever is set outside, the log, the ledger and the vendors are the benchmark's own."""
    monkeypatch.setenv("MILLRACE_LOG_URL", "sqlite:////elsewhere/log.sqlite")
    monkeypatch.setenv("MILLRACE_META_TOKEN", "real")
    made = home(tmp_path)
    assert made.settings.log_url == f"sqlite:///{tmp_path / 'event_log.sqlite'}"
    assert made.environment["MILLRACE_HUBSPOT_URL"] == "http://127.0.0.1:1"
    assert not {"MILLRACE_LOG_URL", "MILLRACE_META_TOKEN"} & made.environment.keys()


def test_the_history_is_an_import(tmp_path):
    """The history is in the log, every event once, all of it marked as the past."""
    with closing(EventLog.open(f"sqlite:///{tmp_path / 'log.sqlite'}")) as log:
        Made(0, 6_000, 100, historical=True).append_to(log)
        assert log.head() == 6_000
        assert all(row.historical for row in log.rows(after=0, limit=6_000))


@pytest.mark.slow
def test_a_small_measurement():
    """Every lead arrives in the CRM and is told, the load and the backlog leave nothing behind, and
    the report says on what and how it was measured."""
    steps: list[str] = []
    plan = Plan(people=200, history=2_000, leads_per_second=1, seconds=5, sustained=20, backlog=300)
    told = measure_latency(plan, steps.append)
    assert (told["leads"], told["accepted"], told["notified"]["count"]) == (5, 5, 5)
    assert 0 < told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"] < 30_000
    assert told["limits"] == dict(LIMITS)
    assert told["errors"] == {}
    assert told["backlog"]["events"] == 300
    assert told["backlog"]["events_per_second"] > 0
    assert told["sustained"]["lag_at_end"] <= told["sustained"]["lag_at_most"]
    assert told["service_memory_mb"] > 10
    assert told["lane"]["batches"] >= 1
    assert told["lane"]["slowest_ms"] > 0
    assert {"machine", "versions", "method", "of_limits"} <= told.keys()
    assert steps


@pytest.mark.slow
def test_a_small_measurement_with_slow_vendors():
    """With vendors as slow as published the whole way is told: into the CRM, and enriched, scored,
    routed and announced, which takes the waits of all of them at least."""
    plan = Plan(people=200, history=2_000, leads_per_second=1, seconds=3, vendors="published")
    told = measure_latency(plan, lambda _step: None)
    assert told["lead_in_crm"]["count"] == told["enriched_scored_routed_notified"]["count"] == 3
    assert told["lead_in_crm"]["p50_ms"] >= 400
    assert told["enriched_scored_routed_notified"]["p50_ms"] >= 1_000


def test_a_service_that_does_not_start_says_why(tmp_path):
    """The error has the service's own words: its log is gone with its home."""
    with (
        pytest.raises(BenchError, match="There is no role 'nonsense'"),
        running_service(tmp_path, "nonsense", home(tmp_path).environment),
    ):
        pytest.fail("it started")


def batch(model: str | None, milliseconds: float = 0.0) -> bytes:
    """A line of the lane's, as the service logs it."""
    slowest = {} if model is None else {"slowest": model, "slowest_ms": milliseconds}
    return json.dumps({"event": "fast_lane_batch", "events": 1, **slowest}).encode()


def test_the_slowest_models_are_told():
    """Which took longest of all, and which most often; lines of others and batches without models
    say nothing."""
    lines = [
        b"Started.",
        batch("scores", 9.0),
        b'{"event": "request"}',
        batch("people", 4.0),
        batch(None),
        batch("people", 6.0),
    ]
    assert slowest_models(lines) == {
        "batches": 3,
        "slowest": "scores",
        "slowest_ms": 9.0,
        "often_slowest": {
            "people": {"batches": 2, "p50_ms": 4.0, "max_ms": 6.0},
            "scores": {"batches": 1, "p50_ms": 9.0, "max_ms": 9.0},
        },
    }
    assert slowest_models([batch(None)]) == {"batches": 0}
