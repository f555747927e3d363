"""A preview says what enqueueing would do, and does nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from reverse_etl.ledger import Settlement
from reverse_etl.model import Admission, ConsentRow, Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, conversion

LATER = NOON + timedelta(days=8)


def asked(rows, **options):
    return {"destination": rows[0].destination, "action": rows[0].action, "now": NOON} | options


def put(ledger, *rows):
    ledger.enqueue(rows, **asked(rows))


def deliver(ledger, destination="hubspot"):
    rows = ledger.lease(
        destination, token="t", now=NOON, ttl=timedelta(minutes=1),
        limits={"upsert_contact": 9, "send_event": 9},
    )  # fmt: skip
    delivered = Decision(State.DELIVERED, "DELIVERED")
    outcome = Outcome(Kind.DELIVERED, "DELIVERED", vendor_id="1")
    ledger.settle(destination, [Settlement(row, delivered, outcome) for row in rows], NOON)


def previewed(ledger, *rows, **options):
    told = ledger.preview(rows, **asked(rows, **options))
    return {row.entity_key: (row.change, row.code) for row in told}


def test_every_change(ledger):
    """New, changed, equal, waiting, refused, held and withdrawn rows are told apart."""
    put(ledger, contact(1), contact(2))
    deliver(ledger)
    put(ledger, contact(1), contact(2), contact(3), contact(4))
    told = previewed(
        ledger,
        contact(1),
        contact(2, properties={"firstname": "Grace"}),
        contact(3),
        contact(5),
        contact(6, consent_status="withdrawn"),
        contact(7),
        admission=Admission({"person-7": "CONTRACT_VIOLATION"}),
    )
    assert {
        "person-1": ("unchanged", None),
        "person-2": ("update", None),
        "person-3": ("queued", None),
        "person-4": ("withdraw", "NOT_WANTED"),
        "person-5": ("create", None),
        "person-6": ("refuse", "CONSENT_WITHDRAWN"),
        "person-7": ("hold", "CONTRACT_VIOLATION"),
    } == told


def test_events_are_created_once_or_expire(ledger):
    """An event that was sent is unchanged whatever it says now; one past its deadline expires."""
    put(ledger, conversion(1))
    deliver(ledger, "meta")
    changed = conversion(1, event={"event_name": "Lead"})
    assert {"conversion-1": ("unchanged", None), "conversion-2": ("create", None)} == previewed(
        ledger, changed, conversion(2)
    )
    assert ("expire", "EXPIRED") == previewed(ledger, conversion(2), now=LATER)["conversion-2"]


@pytest.mark.parametrize("waits", [False, True])
def test_the_newest_consent_counts(ledger, waits):
    """A withdrawal that the ledger was not told of yet is seen, also for a row that waits; and the
    ledger is not told of it by looking."""
    if waits:
        put(ledger, contact(1))
    newer = [ConsentRow("person-1", "crm", "withdrawn", "c-1", NOON)]
    told = previewed(ledger, contact(1), consents=newer)
    assert {"person-1": ("refuse", "CONSENT_WITHDRAWN")} == told
    expected = ("queued" if waits else "create", None)
    assert {"person-1": expected} == previewed(ledger, contact(1))


@pytest.mark.parametrize("status", ["granted", "missing"])
def test_it_agrees_with_what_then_happens(ledger, status):
    """The counts of the preview are those of the report; the preview itself changed nothing."""
    rows = [contact(1, consent_status=status), contact(2)]
    told = Counter(change for change, _ in previewed(ledger, *rows).values())
    assert [] == ledger.find()
    report = ledger.enqueue(rows, **asked(rows))
    assert (report.inserted, report.cancelled) == (told["create"], told["refuse"])
