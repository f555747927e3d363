"""A share of people first: who is in it, what waits, and the end of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.canary import Canary
from reverse_etl.reports import EnqueueReport
from reverse_etl.testing import NOON, ScriptedConnector, contact, conversion, task

SHARE = 0.3
PEOPLE = 40
IN = [n for n in range(PEOPLE) if Canary("hubspot", SHARE, NOON, "ada").admits(f"person-{n}")]
WHO = {"who": "ada", "reason": "new scoring", "now": NOON}


def put(ledger, rows):
    one = rows[0]
    return ledger.enqueue(rows, destination=one.destination, action=one.action, now=NOON)


def people(**changes):
    return [contact(number, **changes) for number in range(PEOPLE)]


def codes(ledger):
    return {(row.person_id, row.code) for row in ledger.find() if row.code}


@given(st.floats(0, 1), st.floats(0, 1), st.text(max_size=8))
def test_a_larger_share_holds_the_smaller(one, other, person):
    """Who is in a canary stays in it when it grows; nobody is in none, everybody in all."""
    small, large = (Canary("x", share, NOON, "ada") for share in sorted((one, other)))
    assert large.admits(person) or not small.admits(person)
    assert not Canary("x", 0, NOON, "ada").admits(person)
    assert Canary("x", 1, NOON, "ada").admits(person)


def test_only_its_people_are_sent(ledger, dispatch):
    """New rows of others are held, also by the next enqueueing; contact and task of one person
    go together; another destination is not concerned."""
    assert 0 < len(IN) < PEOPLE
    ledger.canaries.start("hubspot", SHARE, **WHO)
    assert EnqueueReport(inserted=len(IN), held=PEOPLE - len(IN)) == put(ledger, people())
    assert EnqueueReport(unchanged=PEOPLE) == put(ledger, people())
    put(ledger, [task(number) for number in range(PEOPLE)])
    put(ledger, [conversion(number) for number in range(PEOPLE)])
    vendor, meta = ScriptedConnector(), ScriptedConnector("meta")
    report = dispatch(vendor, meta)()
    assert 2 * len(IN) == report.by_destination["hubspot"].delivered
    assert PEOPLE == report.by_destination["meta"].delivered
    assert {f"person-{n}" for n in IN} == {
        row.person_id for row in ledger.find(destination="hubspot") if row.delivered_at
    }


def test_what_was_queued_before_waits_too(ledger):
    """Starting a canary holds the rows of others that were on their way."""
    put(ledger, people())
    assert PEOPLE - len(IN) == ledger.canaries.start("hubspot", SHARE, **WHO)
    assert {"CANARY"} == {code for _, code in codes(ledger)}


def test_promoting_sends_everybody(ledger, dispatch):
    """What was held goes out, in order, and new rows are queued as ever."""
    ledger.canaries.start("hubspot", SHARE, **WHO)
    put(ledger, people())
    assert PEOPLE - len(IN) == ledger.canaries.promote("hubspot", **WHO)
    assert PEOPLE == dispatch(ScriptedConnector())().delivered
    assert 0 == ledger.canaries.promote("hubspot", **WHO)
    assert ["promote", "canary"] == [act.what for act in ledger.audit()]


def test_after_going_back_nothing_new_is_queued(ledger):
    """A rolled-back canary freezes the destination's tables until it ends; then all is wanted."""
    ledger.canaries.start("hubspot", SHARE, **WHO)
    put(ledger, people())
    ledger.canaries.roll_back("hubspot", **WHO)
    assert {"held"} == {row.state.value for row in ledger.find()}
    changed = people(properties={"firstname": "Grace"})
    assert EnqueueReport(unchanged=PEOPLE) == put(ledger, changed)
    assert {"unchanged", "queued"} >= {
        each.change
        for each in ledger.preview(
            changed, destination="hubspot", action="upsert_contact", now=NOON
        )
    }
    ledger.canaries.promote("hubspot", **WHO)
    assert EnqueueReport(inserted=PEOPLE, superseded=PEOPLE) == put(ledger, changed)


def test_going_back_twice_changes_nothing(ledger):
    """Nor does it without a canary."""
    told = ledger.canaries.roll_back("hubspot", **WHO)
    assert (0, 0, 0) == (told.restored, told.created, told.events)
    assert [] == ledger.audit()
