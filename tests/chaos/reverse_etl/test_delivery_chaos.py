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


@pytest.mark.timeout(120)
def test_killed_dispatchers_repeat_nothing(tmp_path):
    """Contacts and tasks exist once each although dispatchers die with kill -9; Meta may see a
    repeat only with the same event_id, and no more than were counted as possible."""
    url, rng, now = f"sqlite:///{tmp_path}/ledger.db", seeded(5), datetime.now(UTC)
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


def _run_and_kill(ledger: str, vendors: str, *, after: float) -> None:
    process = subprocess.Popen(  # our own script
        [sys.executable, str(SCRIPT), ledger, vendors], stdout=subprocess.DEVNULL
    )
    time.sleep(0.5 + after)  # the moment of death is arbitrary, and that is the point
    process.kill()
    process.wait()


def _run(ledger: str, vendors: str) -> None:
    subprocess.run(  # our own script
        [sys.executable, str(SCRIPT), ledger, vendors],
        check=True,
        timeout=90,
        stdout=subprocess.DEVNULL,
    )
