"""Reviewing dead letters, and what the ledger forgets with time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.edit import parse
from reverse_etl.errors import DeliveryNotFoundError, NotADeadLetterError
from reverse_etl.ledger import Settlement
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, ScriptedConnector, contact

DAY = timedelta(days=1)
DEAD = Decision(State.DEAD, "VALIDATION_ERROR")


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=NOON)


def take(ledger):
    limits = {"upsert_contact": 100}
    return ledger.lease("hubspot", token="t", now=NOON, ttl=DAY, limits=limits)


def end(ledger, rows, decision):
    outcome = Outcome(Kind.PERMANENT, decision.code, "no", vendor_id="1")
    settled = [Settlement(row, decision, outcome, started_at=NOON) for row in rows]
    ledger.settle("hubspot", settled, NOON)


def test_a_dead_letter_can_be_replayed_and_is_audited(ledger):
    """Replay queues the row again and writes down who did it and why."""
    put(ledger, contact(1))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    ledger.dead_letters.replay([rows[0].id], who="ada", now=NOON, reason="address corrected")
    letter = ledger.dead_letters.show(rows[0].id)
    assert State.PENDING is letter.delivery.state
    assert [(act.who, act.what) for act in letter.audit] == [("ada", "replay")]


def test_replay_does_not_overtake_a_newer_row(ledger):
    """Replaying an old payload after a newer one was enqueued supersedes it instead."""
    put(ledger, contact(1))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    put(ledger, contact(1, properties={"firstname": "Grace"}))
    (row,) = ledger.dead_letters.replay([rows[0].id], who="ada", now=NOON)
    assert State.SUPERSEDED is row.state


def test_a_discarded_row_is_not_enqueued_again(ledger):
    """Discarding cancels for good, with a reason."""
    put(ledger, contact(1))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    ledger.dead_letters.discard([rows[0].id], who="ada", now=NOON, reason="test lead")
    put(ledger, contact(1))
    assert [(row.state, row.code) for row in ledger.find()] == [(State.CANCELLED, "DISCARDED")]


def test_only_dead_letters_can_be_reviewed(ledger):
    """Replaying a pending row or one that does not exist is refused, and changes nothing."""
    put(ledger, contact(1))
    with pytest.raises(NotADeadLetterError):
        ledger.dead_letters.replay([ledger.find()[0].id], who="ada", now=NOON)
    with pytest.raises(DeliveryNotFoundError):
        ledger.dead_letters.show(999)


def test_a_mended_row_is_delivered_and_counts_as_wanted(ledger, dispatch):
    """Its mended content goes out; enqueueing what the models want again changes nothing."""
    put(ledger, contact(1, properties={"country": "USA"}))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    changes = [parse("map", "properties.country:USA=US"), parse("drop", "properties.firstname")]
    asked = {"who": "ada", "now": NOON, "reason": "the picklist has US"}
    (mended,) = ledger.dead_letters.edit([rows[0].id], changes, **asked)
    assert (State.DEAD, "US") == (mended.state, mended.body["properties"]["country"])
    ledger.dead_letters.replay([rows[0].id], who="ada", now=NOON)

    vendor = ScriptedConnector()
    assert 1 == dispatch(vendor)().delivered
    put(ledger, contact(1, properties={"country": "USA"}))
    assert 0 == dispatch(vendor)().delivered
    told = ledger.dead_letters.show(rows[0].id).audit[0]
    assert ("edit", "USA" in told.reason) == (told.what, False)
    assert "map properties.country; drop properties.firstname; the picklist" in told.reason


def test_only_dead_letters_can_be_mended(ledger):
    """A queued row is not touched, nor is a dead one that was named together with it."""
    put(ledger, contact(1))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    put(ledger, contact(2))
    ids = [row.id for row in ledger.find()]
    with pytest.raises(NotADeadLetterError):
        ledger.dead_letters.edit(
            ids, [parse("drop", "properties.email")], who="ada", now=NOON, reason=""
        )
    assert all("email" in row.body["properties"] for row in ledger.find())


def test_tries_and_reviews_are_forgotten_with_time(ledger):
    """What is older than the retention goes; deliveries stay, and what is not settled keeps all."""
    put(ledger, contact(1), contact(2))
    rows = take(ledger)
    end(ledger, rows[:1], Decision(State.DELIVERED, "DELIVERED"))
    end(ledger, rows[1:], DEAD)
    ledger.switches.turn_off("hubspot", who="ada", reason="", now=NOON)

    assert (0, 0) == ledger.forget(before=NOON, now=NOON)
    assert (1, 1) == ledger.forget(before=NOON + DAY, now=NOON + DAY)
    assert [0, 1] == [len(ledger.attempts(row.id)) for row in ledger.find()]
    assert 2 == ledger.counts().enqueued
    acts = ledger.audit()
    assert [("ledger", "forget")] == [(act.who, act.what) for act in acts]
