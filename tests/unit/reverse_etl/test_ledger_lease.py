"""Leasing: who may send what, and in which order."""

from __future__ import annotations

from datetime import timedelta

from reverse_etl.ledger import Settlement
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, conversion, task

MINUTE = timedelta(minutes=1)
LIMITS = {"upsert_contact": 100, "create_task": 100, "send_event": 100}


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=NOON)


def take(ledger, destination="hubspot", now=NOON, **options):
    return ledger.lease(destination, token="t", now=now, ttl=MINUTE, limits=LIMITS, **options)


def end(ledger, rows, decision, kind=Kind.PERMANENT):
    outcome = Outcome(kind, decision.code, "about ada@example.com", vendor_id="1")
    settled = [Settlement(row, decision, outcome) for row in rows]
    ledger.settle(rows[0].destination, settled, NOON)


DELIVERED = Decision(State.DELIVERED, "DELIVERED")
DEAD = Decision(State.DEAD, "VALIDATION_ERROR")


def test_two_dispatchers_never_lease_the_same_row(ledger):
    """A leased row is not given to anybody else."""
    put(ledger, contact(1), contact(2))
    assert len(take(ledger, most=1)) == 1
    assert len(take(ledger)) == 1
    assert take(ledger) == []


def test_hot_rows_go_first_then_deadlines(ledger):
    """Priority decides, then the nearest deadline, then the order key."""
    late, soon = conversion(1, at=NOON), conversion(2, at=NOON - timedelta(days=3))
    put(ledger, late, soon, conversion(3, priority=0))
    keys = [row.entity_key for row in take(ledger, "meta")]
    assert keys == ["conversion-3", "conversion-2", "conversion-1"]


def test_a_person_s_rows_keep_their_order(ledger):
    """A task waits for its person's contact, also while that one is retried; others do not wait."""
    put(ledger, contact(1))
    put(ledger, task(1), task(2))
    assert [row.person_id for row in take(ledger)] == ["person-2"]
    rows = take(ledger)
    end(ledger, rows, Decision(State.PENDING, "DESTINATION_ERROR", NOON + MINUTE))
    assert take(ledger) == []
    later = take(ledger, now=NOON + MINUTE)
    end(ledger, later, DELIVERED, Kind.DELIVERED)
    assert [row.action for row in take(ledger)] == ["create_task"]


def test_a_dead_row_blocks_nobody(ledger):
    """After a row died its person's later rows are leased."""
    put(ledger, contact(1))
    put(ledger, task(1))
    end(ledger, take(ledger), DEAD)
    assert len(take(ledger)) == 1


def test_a_task_that_waits_for_its_contact_does_not_block_it(ledger):
    """A repaired contact passes the task that waits for it, and wakes it when delivered."""
    put(ledger, task(1))
    waiting = Decision(State.PENDING, "REFERENCE_NOT_SYNCED", NOON + MINUTE)
    end(ledger, take(ledger), waiting)
    put(ledger, contact(1))
    end(ledger, take(ledger), DELIVERED, Kind.DELIVERED)
    assert [row.action for row in take(ledger)] == ["create_task"]


def test_a_lost_lease_makes_the_row_unknown(ledger):
    """Rows of a crashed dispatcher are unknown when the lease ends, and only read back: once what
    was sent can no more be on its way, should somebody have set the clock forward."""
    put(ledger, contact(1))
    take(ledger)
    ledger.sweep("hubspot", NOON + MINUTE)
    assert take(ledger, now=NOON + MINUTE) == []
    assert take(ledger, now=NOON + MINUTE, state=State.UNKNOWN) == []
    later = NOON + MINUTE + timedelta(seconds=10)
    rows = take(ledger, now=later, state=State.UNKNOWN)
    assert [(row.code, row.attempts) for row in rows] == [("LEASE_EXPIRED", 1)]


def test_a_late_settlement_is_ignored(ledger):
    """Who lost the lease cannot settle the row any more."""
    put(ledger, contact(1))
    late = take(ledger)
    ledger.sweep("hubspot", NOON + MINUTE)
    end(ledger, late, DELIVERED, Kind.DELIVERED)
    assert [row.state for row in ledger.find()] == [State.UNKNOWN]


def test_next_due_looks_past_blocked_rows(ledger):
    """The next thing to do is the retry, not the row that waits behind it."""
    put(ledger, contact(1))
    put(ledger, task(1))
    end(ledger, take(ledger), Decision(State.PENDING, "DESTINATION_ERROR", NOON + MINUTE))
    assert ledger.next_due("hubspot") == NOON + MINUTE
    assert ledger.next_due("meta") is None


def test_held_rows_queue_again_in_order(ledger):
    """Rows the breaker held come back in the order they had."""
    put(ledger, contact(1), contact(2))
    assert ledger.hold("hubspot", NOON) == 2
    assert take(ledger) == []
    assert [row.code for row in ledger.dead_letters.list()] == ["BREAKER_OPEN"] * 2
    assert ledger.release("hubspot", NOON) == 2
    assert [row.entity_key for row in take(ledger)] == ["person-1", "person-2"]


def test_deadlines_pass_while_waiting(ledger):
    """A queued row whose deadline passes is dead as EXPIRED."""
    put(ledger, conversion(1))
    assert ledger.sweep("meta", NOON + timedelta(days=7)) == 1
    assert ledger.counts().dead_by_code == {"EXPIRED": 1}


def test_attempts_hold_no_personal_data(ledger):
    """What a vendor says is redacted before it is stored."""
    put(ledger, contact(1))
    rows = take(ledger)
    end(ledger, rows, DEAD)
    assert "<email>" in ledger.attempts(rows[0].id)[0].response
    assert "ada@" not in repr(ledger.dead_letters.show(rows[0].id).attempts)
