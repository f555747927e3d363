"""`millrace why` about leads that the fast lane acted on and no batch has built yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from ingestion.event_log import EventLog, NewEvent
from orchestration import connections, decisions
from orchestration.commands.why import tell
from orchestration.settings import Settings
from orchestration.why import why
from reverse_etl.ledger import Ledger
from reverse_etl.testing import NOON, contact, task

FORM, BATCH = "correlation-form", "correlation-batch"


def webhook(key: str, email: str, correlation_id: str) -> NewEvent:
    body = orjson.dumps({"email": email})
    return NewEvent("standard", key, "webhook", NOON, body, {}, correlation_id)


def decide(log: EventLog, person: str, key: str, correlation_id: str) -> None:
    """Who is over the threshold, and who calls."""
    cause = {"person_id": person, "cause_source": "standard", "cause_event_key": key}
    cause["correlation_id"] = correlation_id
    mql = {**cause, "reached_at": NOON, "score": 70, "threshold": 50, "score_version": "v1"}
    owner = {
        **cause, "assignment_id": f"owner_assigned:{key}", "mql_id": f"mql_reached:standard:{key}",
        "rep_id": "anna", "reason": "ROUTED", "territory": "emea", "product_line": "platform",
        "segment": "smb", "sla_minutes": 60, "sla_due_at": NOON, "assigned_at": NOON,
    }  # fmt: skip
    candidate = {"rank": 1, "reasons": "", "open_load": 0, "capacity": 60}
    reps = [{"rep_id": rep, **candidate} for rep in ("anna", "jonas")]
    log.append([
        decisions.mql_reached(mql, now=NOON), decisions.owner_assigned(owner, reps, now=NOON)
    ])  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Person 1 sent a form; 2 and 3 came with one request; of 4 nothing is known but the event."""
    settings = Settings(home=tmp_path)
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        log.append([
            webhook("one", "lead1@example.com", FORM),
            webhook("two", "lead2@example.com", BATCH),
            webhook("three", "lead3@example.com", BATCH),
            webhook("four", "lead4@example.com", "correlation-4"),
        ])  # fmt: skip
        decide(log, "person-1", "one", FORM)
        decide(log, "person-3", "three", BATCH)
        sent = {1: FORM, 2: BATCH, 3: BATCH}
        _enqueue(ledger, [contact(n, correlation_id=sent[n]) for n in sent])
        _enqueue(ledger, [task(1, correlation_id=FORM), task(3, correlation_id=BATCH)])
    return settings


def _enqueue(ledger: Ledger, rows: list[Any]) -> None:
    ledger.enqueue(rows, destination="hubspot", action=rows[0].action, now=NOON)


def told(settings: Settings, who: str) -> tuple[dict[str, Any], str]:
    story, paper = why(settings, who), StringIO()
    tell(story, Console(file=paper, width=200))
    return story, paper.getvalue()


@pytest.mark.parametrize("who", ["Lead1@Example.com", "person-1", FORM])
def test_a_lead_of_the_fast_lane_is_explained_before_any_batch(
    settings: Settings, who: str
) -> None:
    """Why it was hot, who calls and what was sent: by address, person or correlation id."""
    story, text = told(settings, who)
    assert "person-1" == story["person_id"]
    assert ["upsert_contact", "create_task"] == [row["action"] for row in story["deliveries"]]
    assert [70] == [row["score"] for row in story["since_last_batch"]["mqls"]]
    assert ["anna"] == [row["rep_id"] for row in story["since_last_batch"]["assignments"]]
    assert [True, False] == [row["is_chosen"] for row in story["since_last_batch"]["candidates"]]
    assert {"acted_on"} == {row["outcome"] for row in story["other_events"]}
    assert "score 70 reached the threshold of 50" in text
    assert "no model used" not in text


def test_others_of_the_same_request_are_not_told(settings: Settings) -> None:
    """A request about two people: each is told of what was done for them alone."""
    story, text = told(settings, "lead2@example.com")
    assert "person-2" == story["person_id"]
    assert ["upsert_contact"] == [row["action"] for row in story["deliveries"]]
    assert [] == story["since_last_batch"]["mqls"]
    assert "lead3" not in text


def test_what_nobody_acted_on_waits(settings: Settings) -> None:
    """An event that neither lane has worked off is told as such."""
    story, text = told(settings, "lead4@example.com")
    assert (None, []) == (story["person_id"], story["deliveries"])
    assert ["waiting"] == [row["outcome"] for row in story["other_events"]]
    assert "no person in the warehouse" in text
