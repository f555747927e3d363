"""Dispatchers killed at every boundary, vendors that misbehave, clocks that jump: every effect
still happens once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reverse_etl.ledger import Ledger
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import activation_row, contact, conversion, seeded, task

SCRIPT = Path(__file__).with_name("deliver_once.py")
POINTS = (
    "before_intent",
    "after_intent",
    "after_send",
    "mid_batch",
    "before_settle",
    "before_commit",
)
VENDORS = ("hubspot", "meta", "salesforce", "slack")
FAULTS = [
    {"vendor": vendor, "fault": fault, "probability": 0.04, **extra}
    for vendor in VENDORS
    for fault, extra in (
        ("drop_before", {}),
        ("drop_after", {}),
        ("status_500", {}),
        ("status_429", {"retry_after": 0.1}),
        ("malformed", {}),
        ("slow", {"ms": 200}),
    )
]
LATEST = 7200.0  # seconds: no clock was ever further ahead, so everything is due
AHEAD = 3600.0
ROUND_SECONDS = 15


def lead(number):
    person = f"person-{number}"
    fields = {"Company": "Engines", "LastName": "Lovelace", "Email": f"lead{number}@example.com"}
    return activation_row(
        {"fields": fields},
        {},
        destination="salesforce",
        action="upsert_lead",
        mode="state",
        entity_key=person,
        person_id=person,
        purpose="crm",
        priority=5,
    )


def message(number):
    return activation_row(
        {"text": f"Call lead {number}"},
        {},
        destination="slack",
        action="post_message",
        mode="event",
        entity_key=f"mql_reached:test:{number}",
        person_id=f"person-{number}",
        purpose="sales",
        priority=0,
    )


@dataclass(frozen=True)
class World:
    """Where the ledger and the vendors are, and by how much the clock is wrong."""

    ledger: str
    vendors: str
    clock: Path

    def jump(self, seconds: float) -> None:
        """Set the clock that every dispatcher reads."""
        staged = self.clock.with_suffix(".next")
        staged.write_text(f"{seconds}")
        staged.replace(self.clock)

    def two(self, *arm: str) -> list[subprocess.Popen[bytes]]:
        """Two dispatchers on the one ledger."""
        command = [sys.executable, str(SCRIPT), self.ledger, self.vendors, str(self.clock), *arm]
        return [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]

    def objects(self, vendor: str, kind: str) -> list[dict]:
        return httpx.get(f"{self.vendors}/_state/{vendor}").json()["objects"][kind]


@pytest.fixture(
    params=[
        ("sqlite", 30),
        pytest.param(("sqlite", 1000), marks=pytest.mark.slow),
        pytest.param(("postgresql", 1000), marks=pytest.mark.slow),
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def size(request):
    return request.param


@pytest.fixture
def url(size, request, tmp_path):
    if size[0] == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_url")


@pytest.mark.timeout(540)
def test_every_effect_happens_once(url, size, tmp_path):
    """Five deliveries a person to four destinations, by two dispatchers at a time that die with
    kill -9 at each boundary while vendors misbehave and the clock jumps: contacts, tasks, leads and
    messages exist once and as last wanted; Meta may see a repeat only with the same event_id, and
    no more than were counted as possible."""
    people, rng, now = size[1], seeded(5), datetime.now(UTC)
    clock = tmp_path / "clock"
    clock.write_text("0")
    with Ledger.open(url) as ledger, serving(create_app(hubspot_limit=None)) as vendors:
        world = World(url, vendors, clock)
        httpx.post(f"{vendors}/_faults", json={"seed": 3, "rules": FAULTS}).raise_for_status()
        makers = (contact, task, lead, message, lambda n: conversion(n, at=now - HOUR))
        for make in makers:
            _enqueue(ledger, [make(number) for number in range(people)], now)
        lost, died = 0, Counter()
        for point in POINTS:  # before each round people change, so that there is something to do
            _enqueue(
                ledger, [contact(n, properties={"firstname": point}) for n in range(people)], now
            )
            died[point] = _round(world, rng, point, people)
            assert ledger.counts().balanced
            lost += ledger.counts().by_state["in_flight"]
        httpx.post(f"{vendors}/_faults", json={"rules": []}).raise_for_status()
        world.jump(LATEST)
        _to_the_end(world, ledger)
        counts = ledger.counts()
        _assert_once(world, people, counts.possible_repeats)
    settled = {name: count for name, count in counts.by_state.items() if count}
    assert set(settled) <= {"delivered", "superseded"}
    assert settled["delivered"] >= 5 * people
    assert lost  # otherwise no process died at work, and this proved nothing
    # On a busy machine a round may be over before a process comes to its point, more so with few
    # people.
    reached = sum(number > 0 for number in died.values())
    assert reached >= (len(POINTS) - 1 if people >= 1000 else 3), died


HOUR = timedelta(hours=1)


def _enqueue(ledger, rows, now):
    one = rows[0]
    ledger.enqueue(rows, destination=one.destination, action=one.action, now=now)


def _round(world, rng, point, people):
    """Let two dispatchers run until they come to the point, while the clock jumps; how many died
    there. The moment of the jumps is arbitrary, and that is the point."""
    world.jump(AHEAD)
    processes = world.two(point, str(1 if people < 100 else rng.randint(1, 6)))
    until = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < until and any(each.poll() is None for each in processes):
        time.sleep(rng.uniform(0.1, 0.6))
        # Every other time it is as late as it ever was, so that there is something to do.
        world.jump(rng.choice([AHEAD, rng.uniform(-60, AHEAD)]))
    died = sum(each.poll() == -9 for each in processes)
    for process in processes:
        process.kill()
        process.wait()
    return died


def _to_the_end(world, ledger):
    """Until nothing is left: of two, one may find that the other holds the rest."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        for process in world.two():
            assert process.wait(timeout=240) == 0
        states = ledger.counts().by_state
        if not any(states[name] for name in ("pending", "in_flight", "unknown", "held")):
            return
    raise AssertionError(ledger.counts().by_state)


def _assert_once(world, people, possible_repeats):
    contacts = world.objects("hubspot", "contacts")
    assert {POINTS[-1]} == {item["properties"]["firstname"] for item in contacts}
    keys = {
        "contacts": [item["properties"]["millrace_id"] for item in contacts],
        "tasks": [i["properties"]["millrace_key"] for i in world.objects("hubspot", "tasks")],
        "leads": [item["Millrace_Id__c"] for item in world.objects("salesforce", "Lead")],
        "messages": [
            item["metadata"]["event_payload"]["key"] for item in world.objects("slack", "messages")
        ],
    }
    for kind, found in keys.items():
        assert (people, {1}) == (len(set(found)), set(Counter(found).values())), kind
    events = Counter(event["event_id"] for event in world.objects("meta", "events"))
    assert people == len(events)
    assert events.total() - people <= possible_repeats
