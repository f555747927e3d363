"""Dispatchers killed at any moment, vendors that misbehave: every effect still happens once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reverse_etl.ledger import Ledger
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving
from reverse_etl.testing import contact, conversion, seeded, task

SCRIPT = Path(__file__).with_name("deliver_once.py")
PEOPLE = 3000
FAULTS = [
    {"vendor": vendor, "fault": fault, "probability": 0.06, **extra}
    for vendor in ("hubspot", "meta")
    for fault, extra in (
        ("drop_before", {}),
        ("drop_after", {}),
        ("status_500", {}),
        ("status_429", {"retry_after": 0.1}),
        ("malformed", {}),
        ("slow", {"ms": 200}),
    )
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_url")


@pytest.mark.timeout(240)
def test_killed_dispatchers_repeat_nothing(url):
    """Contacts and tasks exist once each although dispatchers, two at a time on one ledger, die
    with kill -9; Meta may see a repeat only with the same event_id, and no more than were counted
    as possible."""
    rng, now = seeded(5), datetime.now(UTC)
    with Ledger.open(url) as ledger, serving(create_app(hubspot_limit=None)) as vendors:
        httpx.post(f"{vendors}/_faults", json={"seed": 3, "rules": FAULTS}).raise_for_status()
        for make in (contact, task, lambda n: conversion(n, at=now - timedelta(hours=1))):
            rows = [make(n) for n in range(PEOPLE)]
            ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=now)
        lost = 0
        for _ in range(6):
            _run_and_kill(url, vendors, after=rng.uniform(0.3, 1.2))
            assert ledger.counts().balanced
            lost += ledger.counts().by_state["in_flight"]
        httpx.post(f"{vendors}/_faults", json={"rules": []}).raise_for_status()
        _run(url, vendors)
        counts = ledger.counts()
        hubspot = httpx.get(f"{vendors}/_state/hubspot").json()["objects"]
        meta = httpx.get(f"{vendors}/_state/meta").json()["objects"]["events"]
    assert {name: n for name, n in counts.by_state.items() if n} == {"delivered": 3 * PEOPLE}
    for kind, key in (("contacts", "millrace_id"), ("tasks", "millrace_key")):
        found = Counter(item["properties"][key] for item in hubspot[kind])
        assert (len(found), set(found.values())) == (PEOPLE, {1})
    assert lost  # otherwise no process died at work, and this proved nothing
    events = Counter(event["event_id"] for event in meta)
    assert len(events) == PEOPLE
    assert len(meta) - PEOPLE <= counts.possible_repeats


def _two(ledger: str, vendors: str) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(  # our own script
            [sys.executable, str(SCRIPT), ledger, vendors], stdout=subprocess.DEVNULL
        )
        for _ in range(2)
    ]


def _run_and_kill(ledger: str, vendors: str, *, after: float) -> None:
    processes = _two(ledger, vendors)
    time.sleep(0.5 + after)  # the moment of death is arbitrary, and that is the point
    for process in processes:
        process.kill()
        process.wait()


def _run(ledger: str, vendors: str) -> None:
    """Until everything is delivered: one of the two may find that the other holds the rest."""
    for process in _two(ledger, vendors):
        assert process.wait(timeout=180) == 0
