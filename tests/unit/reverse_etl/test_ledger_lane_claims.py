"""Claims of the fast lane's workers: who has which events in hand, and who waits for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.errors import LaneOvertakenError
from reverse_etl.ledger import Asking, LaneNews, LaneTable
from reverse_etl.model import State
from reverse_etl.reports import EnqueueReport
from reverse_etl.testing import NOON, contact

MINUTE = timedelta(minutes=1)
CONTACTS = ("hubspot", "upsert_contact")


def take(ledger, owner, *, now=NOON, dead=(), head=100):
    """What a worker has in hand then; None when there is nothing to take."""
    asking = Asking(owner, now, MINUTE, frozenset(dead).__contains__)
    stand = ledger.lane.take(asking, head=head, most=10)
    return stand.free(owner, now, lambda _owner: False)


def hold(ledger, owner, last, *nodes, noted=()):
    return ledger.lane.hold(owner, last, nodes, noted=noted, most=99).passed


def apply(ledger, owner, after, last, *rows):
    people = frozenset(row.person_id for row in rows)
    news = LaneNews(after, last, people, (LaneTable(*CONTACTS, rows),))
    return ledger.lane.apply(news, now=NOON, owner=owner)


def test_claims_follow_each_other(ledger):
    """Each worker gets the next events, at most so many; who has some gets no others."""
    spans = [(claim.after, claim.last) for claim in (take(ledger, o, head=25) for o in "aabc")]
    assert [(0, 10), (0, 10), (10, 20), (20, 25)] == spans
    assert take(ledger, "d", head=25) is None


def test_the_position_waits_for_the_lowest(ledger):
    """What is applied out of turn counts when everything before it is applied."""
    for owner in "abc":
        take(ledger, owner)
    apply(ledger, "b", 10, 20)
    assert 0 == ledger.lane.position()
    apply(ledger, "a", 0, 10)
    assert 20 == ledger.lane.position()
    apply(ledger, "c", 20, 30)
    assert (30, ()) == (ledger.lane.stand().position, ledger.lane.stand().claims)


def test_the_later_waits_for_the_earlier(ledger):
    """As long as it is unknown whom that is about, then as long as it is about the same, be it by
    an event that is only noted; never the other way round."""
    take(ledger, "a")
    take(ledger, "b")
    assert not hold(ledger, "b", 20, 1)
    assert hold(ledger, "a", 10, 2, noted=[3])
    assert hold(ledger, "b", 20, 1)
    assert not hold(ledger, "b", 20, 2)
    assert not hold(ledger, "b", 20, 3)
    apply(ledger, "a", 0, 10)
    assert hold(ledger, "b", 20, 2, 3)


def test_what_the_index_has_learned_meanwhile_counts(ledger):
    """Whom a claim reaches is looked up when it passes: events that are missing come first."""
    take(ledger, "a")
    take(ledger, "b")
    assert hold(ledger, "a", 10, 1)
    news = LaneNews(0, 10, events=((1, 7),), links=((1, 2),))
    ledger.lane.apply(news, now=NOON, owner="a")
    held = ledger.lane.hold("b", 20, [2], most=99)
    assert ((7,), False) == (held.reached.positions, held.passed)
    assert ledger.lane.hold("b", 20, [2], known=[7], most=99).passed


def test_who_is_gone_is_replaced(ledger):
    """At once where it is known to have ended, else when its time is over; should it come back it
    changes nothing."""
    assert "a" == take(ledger, "a").owner
    assert 20 == take(ledger, "b", dead="x").last
    assert (10, "c") == ((mine := take(ledger, "c", dead="a")).last, mine.owner)
    assert 10 == take(ledger, "d", now=NOON + MINUTE).last
    for owner in "ac":
        with pytest.raises(LaneOvertakenError):
            apply(ledger, owner, 0, 10, contact(1))
    apply(ledger, "d", 0, 10, contact(2))
    assert ["person-2"] == [row.person_id for row in ledger.find()]


def test_a_worker_that_ends_lets_go(ledger):
    """Others need not wait."""
    take(ledger, "a")
    ledger.lane.release("a")
    assert (10, "b") == ((mine := take(ledger, "b")).last, mine.owner)


def test_halves_are_claims_of_their_own(ledger):
    """Later ones wait for both, and each half is applied for itself."""
    take(ledger, "a")
    take(ledger, "b")
    assert hold(ledger, "a", 10, 1)
    ledger.lane.split(Asking("a", NOON, MINUTE), 0, 10, middle=5)
    assert not hold(ledger, "b", 20, 2)
    assert hold(ledger, "a", 5, 1)
    assert hold(ledger, "a", 10, 3)
    assert hold(ledger, "b", 20, 2)
    apply(ledger, "a", 5, 10)
    apply(ledger, "a", 0, 5)
    assert 10 == ledger.lane.position()


def test_nobody_works_unclaimed_beside_claims(ledger):
    """Who claimed nothing is refused as long as anybody has, also behind what is claimed."""
    take(ledger, "a")
    for after in (0, 10):
        with pytest.raises(LaneOvertakenError):
            ledger.lane.apply(LaneNews(after, 20), now=NOON)
    apply(ledger, "a", 0, 10)
    ledger.lane.apply(LaneNews(10, 20), now=NOON)
    assert 20 == ledger.lane.position()


def test_a_batch_between_two_claims(ledger):
    """A complete table leaves alone whom a later claim told about, and an earlier one that comes
    after it tells nothing: the table knew its events."""
    take(ledger, "a")
    take(ledger, "b")
    apply(ledger, "b", 10, 20, contact(2, properties={"firstname": "Joan"}))
    told = ledger.enqueue(
        [contact(1), contact(2)],
        destination="hubspot",
        action="upsert_contact",
        now=NOON,
        as_of=15,
    )
    assert EnqueueReport(inserted=1, unchanged=1) == told
    assert {} == apply(ledger, "a", 0, 10, contact(1, properties={"firstname": "Old"}))
    hashes = {row.payload_hash for row in ledger.find(states=[State.PENDING])}
    newest = (contact(1), contact(2, properties={"firstname": "Joan"}))
    assert {row.payload_hash for row in newest} == hashes


def test_what_is_told_as_of_a_later_position_stays(ledger):
    """Should an earlier claim be about somebody whom a later one told about, it is silent about
    that person alone."""
    take(ledger, "a")
    take(ledger, "b")
    newer = contact(2, properties={"firstname": "Joan"})
    apply(ledger, "b", 10, 20, newer)
    apply(ledger, "a", 0, 10, contact(1), contact(2))
    hashes = {row.payload_hash for row in ledger.find(states=[State.PENDING])}
    assert {contact(1).payload_hash, newer.payload_hash} == hashes
