"""Enqueueing: what a complete activation table changes in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reverse_etl.edit import Change
from reverse_etl.errors import LedgerUnavailableError
from reverse_etl.ledger import Ledger, Settlement
from reverse_etl.model import Admission, ConsentRow, Kind, Outcome, State
from reverse_etl.reports import EnqueueReport
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, conversion, task

FEW = Admission(approve_above=3)


def put(ledger, *rows, held=None, like=None):
    one = like or rows[0]
    return ledger.enqueue(
        rows,
        destination=one.destination,
        action=one.action,
        now=NOON,
        admission=Admission(held or {}),
    )


def finish(ledger, state=State.DELIVERED, code="DELIVERED", destination="hubspot"):
    """Lease what is due and settle all of it in one way."""
    rows = ledger.lease(
        destination, token="t", now=NOON, ttl=timedelta(minutes=1), limits={"upsert_contact": 99}
    )
    kind = Kind.DELIVERED if state is State.DELIVERED else Kind.PERMANENT
    outcome = Outcome(kind, code, vendor_id="1")
    settled = [Settlement(row, Decision(state, code), outcome) for row in rows]
    ledger.settle(destination, settled, NOON)
    return rows


def states(ledger):
    return [row.state.value for row in ledger.find()]


A = contact(1)
B = contact(1, properties={"firstname": "Grace"})


def test_an_equal_table_changes_nothing(ledger):
    """Enqueueing the same rows twice inserts them once."""
    assert EnqueueReport(inserted=2) == put(ledger, A, contact(2))
    assert EnqueueReport(unchanged=2) == put(ledger, A, contact(2))


def test_a_newer_payload_supersedes_a_pending_one(ledger):
    """Of two payloads for one entity only the newer one is sent."""
    put(ledger, A)
    assert EnqueueReport(inserted=1, superseded=1) == put(ledger, B)
    assert states(ledger) == ["superseded", "pending"]


def test_back_to_what_was_delivered_sends_nothing(ledger):
    """A delivered, B pending, A wanted again: B is superseded and nothing is sent."""
    put(ledger, A)
    finish(ledger)
    put(ledger, B)
    assert EnqueueReport(unchanged=1, superseded=1) == put(ledger, A)
    assert states(ledger) == ["delivered", "superseded"]


def test_a_dead_payload_waits_for_review(ledger):
    """The same payload is not enqueued again after it died; another one is."""
    put(ledger, A)
    finish(ledger, State.DEAD, "VALIDATION_ERROR")
    assert EnqueueReport(unchanged=1) == put(ledger, A)
    assert EnqueueReport(inserted=1) == put(ledger, B)


def test_a_dead_payload_is_reconsidered_after_another_was_delivered(ledger):
    """A dead, B delivered, A wanted again: A is sent, for the destination holds B."""
    put(ledger, A)
    finish(ledger, State.DEAD, "VALIDATION_ERROR")
    put(ledger, B)
    finish(ledger)
    assert EnqueueReport(inserted=1) == put(ledger, A)


def test_a_row_in_flight_is_not_repeated(ledger):
    """While an equal payload is under way nothing is inserted; a different one queues behind."""
    put(ledger, A)
    ledger.lease("hubspot", token="t", now=NOON, ttl=timedelta(minutes=1), limits={})
    assert EnqueueReport(unchanged=1) == put(ledger, A)
    assert EnqueueReport(inserted=1) == put(ledger, B)


def test_no_consent_is_recorded_once_and_sent_when_it_comes(ledger):
    """A row without consent is kept as cancelled, not repeated, and enqueued when consent comes."""
    refused = replace(A, consent_status="missing")
    assert EnqueueReport(cancelled=1) == put(ledger, refused)
    assert EnqueueReport(unchanged=1) == put(ledger, refused)
    assert EnqueueReport(inserted=1) == put(ledger, A)
    assert [(row.state.value, row.code) for row in ledger.find()] == [
        ("cancelled", "CONSENT_MISSING"),
        ("pending", None),
    ]


def test_an_event_is_enqueued_once_for_ever(ledger):
    """An event row that was delivered, or died, is never enqueued again, whatever its payload."""
    put(ledger, task(1))
    finish(ledger)
    changed = replace(task(1), payload='{"properties": {}}', payload_hash="x")
    assert EnqueueReport(unchanged=1) == put(ledger, changed)


def test_an_event_without_consent_reopens_when_consent_comes(ledger):
    """The same row of an event, not a second one, becomes pending."""
    put(ledger, conversion(1, consent_status="missing"))
    assert EnqueueReport(reopened=1) == put(ledger, conversion(1))
    assert states(ledger) == ["pending"]


def test_an_unsent_event_follows_its_person(ledger):
    """Before its first try an event takes over a new payload, e.g. after a merge of people."""
    put(ledger, task(1))
    moved = replace(task(2), entity_key=task(1).entity_key)
    put(ledger, moved)
    assert [row.person_id for row in ledger.find()] == ["person-2"]


def test_an_expired_event_is_dead_without_alarm(ledger):
    """A deadline that has passed makes the row dead with reason EXPIRED, once."""
    old = conversion(1, at=NOON - timedelta(days=8))
    assert EnqueueReport(expired=1) == put(ledger, old)
    assert EnqueueReport(unchanged=1) == put(ledger, old)
    assert ledger.counts().dead_by_code == {"EXPIRED": 1}


def test_a_row_that_breaks_its_contract_is_held_until_repaired(ledger):
    """Held rows are not sent; when the contract holds again they queue."""
    assert EnqueueReport(held=1) == put(ledger, A, held={A.entity_key: "CONTRACT_VIOLATION"})
    assert finish(ledger) == []
    assert EnqueueReport(reopened=1) == put(ledger, A)
    assert len(finish(ledger)) == 1


def test_a_held_row_says_which_rule_it_breaks(ledger):
    """The reason stands beside the code, follows the row from one rule to the next, is shown by
    what asks for held rows, and is gone once the row is repaired."""
    asked = {"destination": "meta", "action": "send_event", "now": NOON}
    row = conversion(1)

    def held(reason, like=row):
        told = {row.entity_key: "CONTRACT_VIOLATION"}
        admission = Admission(told, reasons={row.entity_key: reason})
        ledger.enqueue([like], **asked, admission=admission)
        found = ledger.dead_letters.list(state=State.HELD, code="CONTRACT_VIOLATION")
        return [each.message for each in found]

    assert ["breaks regex(em)"] == held("breaks regex(em)")
    assert ["breaks regex(em)"] == held("breaks regex(em)")
    assert ["breaks not_null(event_id)"] == held("breaks not_null(event_id)")
    assert () == ledger.dead_letters.list(state=State.DEAD)
    assert EnqueueReport(reopened=1) == ledger.enqueue([row], **asked)
    assert [(State.PENDING, None)] == [(each.state, each.message) for each in ledger.find()]


def test_what_nobody_wants_leaves_the_queue(ledger):
    """A pending state row whose entity left the table is superseded as NOT_WANTED."""
    put(ledger, A, contact(2))
    assert EnqueueReport(unchanged=1, superseded=1) == put(ledger, A)
    assert EnqueueReport(superseded=1) == put(ledger, like=A)


def test_withdrawal_cancels_what_is_queued(ledger):
    """Consent withdrawn for one purpose cancels that purpose's rows only."""
    put(ledger, A)
    put(ledger, conversion(1))
    withdrawn = ConsentRow("person-1", "advertising", "withdrawn", "c-9", NOON)
    assert ledger.apply_consents([withdrawn], NOON) == 1
    assert states(ledger) == ["pending", "cancelled"]
    assert EnqueueReport(unchanged=1) == put(ledger, conversion(1))


def test_many_rows_at_once_wait_for_approval(ledger):
    """More new rows than may go out unseen are held, all of them, however often they are enqueued
    again; once approved they queue, and what comes later in small numbers goes on."""
    many = [contact(n) for n in range(4)]
    asked = {"destination": "hubspot", "action": "upsert_contact", "now": NOON}
    report = ledger.enqueue(many, **asked, admission=FEW)
    assert EnqueueReport(held=4) == report
    assert EnqueueReport(unchanged=4) == ledger.enqueue(many, **asked, admission=FEW)
    assert {"APPROVAL_NEEDED"} == {row.code for row in ledger.find()}
    assert 4 == ledger.approve("hubspot", who="ada", now=NOON)
    assert 0 == ledger.approve("hubspot", who="ada", now=NOON)
    assert ["pending"] * 4 == states(ledger)
    more = [*many, *(contact(n) for n in range(4, 7))]
    assert EnqueueReport(inserted=3, unchanged=4) == ledger.enqueue(more, **asked, admission=FEW)


def test_what_is_refused_needs_no_approval(ledger):
    """Only rows that would go out count towards the limit."""
    rows = [contact(1), contact(2, consent_status="withdrawn")]
    asked = {"destination": "hubspot", "action": "upsert_contact", "now": NOON}
    report = ledger.enqueue(rows, **asked, admission=Admission(approve_above=1))
    assert EnqueueReport(inserted=1, cancelled=1) == report


def test_the_counter_is_independent_of_the_rows(ledger):
    """`enqueued` counts inserts in their own transactions, and equals the sum of the states."""
    put(ledger, A)
    put(ledger, B)
    put(ledger, task(1))
    counts = ledger.counts()
    assert (counts.enqueued, counts.balanced) == (3, True)


def test_what_waits_is_counted_by_what_it_wants(ledger):
    """Of each destination: the rows pending, by action; what is settled is not among them."""
    put(ledger, A)
    finish(ledger)
    put(ledger, contact(2), contact(3))
    put(ledger, task(1))
    pending = ledger.counts().pending
    assert {"hubspot": {"upsert_contact": 2, "create_task": 1}} == pending


def test_a_ledger_that_cannot_be_opened_says_so(tmp_path):
    """A path that is a folder gives LEDGER_UNAVAILABLE with a way out."""
    with pytest.raises(LedgerUnavailableError) as caught:
        Ledger.open(f"sqlite:///{tmp_path}")
    assert caught.value.code == "LEDGER_UNAVAILABLE"
    assert caught.value.remedy


def test_an_event_that_is_no_longer_wanted_is_not_sent(ledger):
    """A deal that is lost again before its conversion went out: the queued row is cancelled; when
    the deal is won once more, it is queued once more."""
    put(ledger, conversion(1), conversion(2))
    assert EnqueueReport(unchanged=1, cancelled=1) == put(ledger, conversion(2))
    assert states(ledger) == ["cancelled", "pending"]
    assert EnqueueReport(unchanged=1, cancelled=0) == put(ledger, conversion(2))
    assert EnqueueReport(reopened=1, unchanged=1) == put(ledger, conversion(1), conversion(2))
    assert states(ledger) == ["pending", "pending"]


def test_an_event_that_was_sent_stays_sent(ledger):
    """What left the house is not forgotten when its row disappears and comes back."""
    put(ledger, contact(1))
    put(ledger, conversion(1))
    rows = ledger.lease(
        "meta", token="t", now=NOON, ttl=timedelta(minutes=1), limits={"send_event": 9}
    )
    outcome = Outcome(Kind.DELIVERED, "DELIVERED")
    delivered = Decision(State.DELIVERED, "DELIVERED")
    ledger.settle("meta", [Settlement(row, delivered, outcome) for row in rows], NOON)
    put(ledger, conversion(2))
    assert EnqueueReport(cancelled=1, unchanged=1) == put(ledger, conversion(1))


def test_an_event_that_is_too_old_when_first_seen_is_left_alone(ledger):
    """With skip_stale it does not enter; one that was queued in time dies where it can be seen."""
    late = conversion(1, at=NOON - timedelta(days=8))
    asked = {"destination": "meta", "action": "send_event", "admission": Admission(skip_stale=True)}
    assert EnqueueReport(stale=1) == ledger.enqueue([late], **asked, now=NOON)
    assert [each.change for each in ledger.preview([late], **asked, now=NOON)] == ["stale"]
    assert ledger.counts().enqueued == 0

    young = conversion(2, at=NOON)
    ledger.enqueue([young], **asked, now=NOON)
    told = ledger.enqueue([young], **asked, now=NOON + timedelta(days=8))
    assert EnqueueReport(expired=1) == told


@pytest.mark.parametrize("like", [A, conversion(1)], ids=["state", "event"])
def test_a_mended_row_goes_as_it_is_now(ledger, like):
    """What broke the contract may stand beside the payload: all but an edited payload is taken
    anew, also where the payload is the same."""
    odd = "states" if like.mode == "state" else like.mode
    broken = replace(like, mode=odd, order_key="", priority=9)
    put(ledger, broken, held={like.entity_key: "CONTRACT_VIOLATION"})
    [held] = ledger.dead_letters.list(state=State.HELD)
    changes = [Change("set", "note", "Edited")]
    ledger.dead_letters.edit([held.id], changes, who="me", now=NOON, reason="typo")

    assert EnqueueReport(reopened=1) == put(ledger, like)

    [queued] = ledger.find(states=[State.PENDING])
    expected = (like.mode, like.order_key, like.priority)
    assert expected == (queued.mode, queued.order_key, queued.priority)
    assert "Edited" in queued.payload
