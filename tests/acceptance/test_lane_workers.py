"""Several processes of the fast lane over one log on PostgreSQL, one of them killed on the way."""

from __future__ import annotations

import os
import signal
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from acceptance_play import post, stage
from harness import Installation, wait_until
from support.postgres import PostgresCluster

from ingestion.event_log import EventLog
from ingestion.sandbox.webhooks import typeform_answers, typeform_response
from orchestration.bench.requests import SECRETS
from reverse_etl.ledger import Ledger
from reverse_etl.model import State

pytestmark = pytest.mark.slow

PEOPLE = 40
ROUNDS = 5
Rows = set[tuple[str, str, str, str, str]]


def test_two_workers_do_what_one_would(
    installation: Installation, postgres: PostgresCluster
) -> None:
    """Each delivery is there once, as a single worker makes it, and each person's is the newest:
    the batch lane finds nothing to add or replace."""
    log_url, shared, alone = (postgres.new_database() for _ in range(3))
    installation.environment |= {
        "MILLRACE_LOG_URL": log_url,
        "MILLRACE_LEDGER_URL": shared,
        "MILLRACE_WEBHOOK_SECRET_TYPEFORM": SECRETS["typeform"],
        "MILLRACE_LANE_BATCH_EVENTS": "5",
        "MILLRACE_LANE_WORKERS": "2",
    }
    service = installation.start_service()
    installation.json("run")  # nothing but the stage: what the models are is published
    send(service)
    installation.stop()

    installation.start_service(roles="gateway,fast-lane")
    with closing(EventLog.open(log_url)) as log, Ledger.open(shared) as ledger:
        assert log.head() >= PEOPLE * ROUNDS
        wait_until(lambda: len(ledger.lane.stand().claims) > 1, seconds=90, what="two at work")
        kill_one(ledger)
        wait_until(lambda: ledger.lane.position() == log.head(), seconds=120, what="the end")
        installation.stop()
        assert () == ledger.lane.stand().claims
        made = rows(ledger)
    installation.environment |= {"MILLRACE_LEDGER_URL": alone, "MILLRACE_LANE_WORKERS": "1"}
    installation.start_service(roles="gateway,fast-lane")
    with closing(EventLog.open(log_url)) as log, Ledger.open(alone) as ledger:
        wait_until(lambda: ledger.lane.position() == log.head(), seconds=120, what="the one")
        installation.stop()
        assert rows(ledger) == made

    installation.environment["MILLRACE_LEDGER_URL"] = shared
    batch = installation.json("run")
    assert not any(
        counts[name]
        for counts in batch["enqueued"].values()
        for name in ("inserted", "superseded", "cancelled")
    )


def send(service: str) -> None:
    """Each person answers a form several times, taking turns."""
    now = stage(service).now
    for number in range(ROUNDS * PEOPLE):
        person, turn = number % PEOPLE, number // PEOPLE
        answers = typeform_answers(
            email=f"ada@latency{person}.com",
            phone=f"+49 30 9{person:07d}",
            first_name="Ada",
            last_name=f"Round{turn}",
            company=f"Latency {person}",
            country="DE",
            budget="20000",
            interest="demo",
            consent_advertising=True,
            job_title="VP Sales",
            employees="250",
        )
        at = now - timedelta(minutes=ROUNDS - turn)
        form = typeform_response(
            answers, at, event_id=f"form-{number}", secret=SECRETS["typeform"], hidden={}
        )
        assert post(service, form).is_success


def kill_one(ledger: Ledger) -> None:
    """Kill a process that has events in hand, as the kernel does."""
    owner = next(claim.owner for claim in ledger.lane.stand().claims if not claim.applied)
    number = int(owner.partition(":")[0].rpartition("/")[2])
    assert b"fast_lane" in Path(f"/proc/{number}/cmdline").read_bytes()
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def rows(ledger: Ledger) -> Rows:
    """What is to be sent; nothing is there twice."""
    found = ledger.find(states=[State.PENDING, State.HELD], limit=100_000)
    told = [(r.destination, r.action, r.entity_key, r.person_id, r.payload_hash) for r in found]
    assert len(told) == len(set(told)) == len({each[:3] for each in told})
    assert len({row.person_id for row in found}) >= PEOPLE
    return set(told)
