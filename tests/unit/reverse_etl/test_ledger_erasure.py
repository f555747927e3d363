"""Taking a person out of the ledger: accounts and keys stay, and nothing else of theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ingestion.event_log.needles import Needles
from reverse_etl.ledger import LaneNews
from reverse_etl.model import ConsentRow, Kind, Outcome, State
from reverse_etl.testing import NOON, ScriptedConnector, contact, conversion

ADA = "ada@erased.example"
NAMED = Needles([ADA])


def theirs():
    """A contact of Ada's."""
    return contact(1, payload=f'{{"email":"{ADA}"}}', external_id="501")


def visit():
    """An effect of hers whose key names her."""
    row = conversion(1)
    return replace(row, entity_key=f"visit-{ADA}", order_key=f"1 visit-{ADA}")


def enqueue(ledger, *rows):
    by_table = {}
    for row in rows:
        by_table.setdefault((row.destination, row.action), []).append(row)
    for (destination, action), found in by_table.items():
        ledger.enqueue(found, destination=destination, action=action, now=NOON)


def test_what_is_queued_is_cancelled_and_nothing_is_left(ledger, tmp_path):
    """Whatever its state, a row keeps its place in the accounts and loses its content."""
    enqueue(ledger, theirs(), visit(), contact(2))
    ledger.apply_consents([ConsentRow("person-1", "crm", "granted", f"c-{ADA}", NOON)], NOON)
    before = ledger.counts()
    told = ledger.erasure.erase(["person-1"], NAMED, NOON)
    ledger.erasure.scrub()
    assert (2, 2) == (told.deliveries, told.cancelled)
    assert before.enqueued == ledger.counts().enqueued
    assert ["cancelled", "cancelled"] == [row.state for row in ledger.find(person_id="person-1")]
    assert {"ERASED"} == {row.code for row in ledger.find(person_id="person-1")}
    [other] = ledger.find(person_id="person-2")
    assert State.PENDING is other.state
    assert other.payload != "{}"
    for file in tmp_path.iterdir():
        assert ADA.encode() not in file.read_bytes(), file


def test_delivered_rows_stay_delivered(ledger, time, dispatch):
    """What was sent stays sent; payload, answer and the vendor's id go."""
    enqueue(ledger, theirs())
    dispatch(ScriptedConnector(script=lambda _row, _times: Outcome(Kind.DELIVERED, "OK", ADA)))()
    told = ledger.erasure.erase(["person-1"], NAMED, time())
    [row] = ledger.find(person_id="person-1")
    [attempt] = ledger.attempts(row.id)
    assert (1, 1, 1, 0) == (told.deliveries, told.attempts, told.entities, told.cancelled)
    assert (State.DELIVERED, "{}", None, None) == (
        row.state, row.payload, row.vendor_id, row.external_id,
    )  # fmt: skip
    assert "(erased)" == attempt.request == attempt.response
    assert {} == ledger.vendor_ids("hubspot", "contact", ["person-1"])


def test_again_changes_nothing(ledger):
    """A second erasure finds the same rows and leaves them as they are."""
    enqueue(ledger, theirs(), visit())
    first = ledger.erasure.erase(["person-1"], NAMED, NOON)
    before = ledger.find(person_id="person-1")
    assert first == ledger.erasure.erase(["person-1"], NAMED, NOON)
    assert before == ledger.find(person_id="person-1")


def test_whom_the_fast_lane_told_about_is_forgotten(ledger):
    """That they were told about goes; of others it stays."""
    people = frozenset(["person-1", "person-2"])
    ledger.lane.apply(LaneNews(0, 8, people), now=NOON)
    told = ledger.erasure.erase(["person-1"], NAMED, NOON)
    assert 1 == told.lane_people
    ledger.apply_consents([], NOON, as_of=8)
    assert 1 == ledger.lane.settle([])


def test_a_mention_in_somebody_elses_row_is_masked(ledger):
    """Another person's payload only loses the name."""
    enqueue(ledger, contact(2, payload=f'{{"jobtitle":"knows {ADA}"}}'))
    assert ledger.erasure.names(NAMED.masked_text)
    told = ledger.erasure.erase(["person-1"], NAMED, NOON)
    [row] = ledger.find(person_id="person-2")
    assert (0, 1) == (told.deliveries, told.masked)
    assert State.PENDING is row.state
    assert "knows xxx@xxxxxx.xxxxxxx" in row.payload
    assert not ledger.erasure.names(NAMED.masked_text)


def test_what_is_being_sent_is_told(ledger):
    """The eraser waits for rows that a dispatcher holds; their late answer changes nothing."""
    enqueue(ledger, theirs())
    ledger.lease("hubspot", token="t", now=NOON, ttl=timedelta(minutes=1), limits={})
    assert 1 == ledger.erasure.cancel(["person-1"], NOON)
    ledger.erasure.erase(["person-1"], NAMED, NOON)
    assert 0 == ledger.erasure.cancel(["person-1"], NOON)
    assert [State.CANCELLED] == [row.state for row in ledger.find(person_id="person-1")]


def test_the_index_forgets_whom_events_were_about(ledger):
    """Their events are found no more, nor what only these named; what others share with them
    stays."""
    theirs, others, shared, email = 1, 2, 3, 4
    ledger.lane.learn(
        [(theirs, 10), (shared, 10), (shared, 20), (others, 20)], [(theirs, email), (others, 5)]
    )
    told = ledger.erasure.erase(["person-1"], NAMED, NOON, positions=[10])
    assert 3 == told.lane_index
    assert (20,) == ledger.lane.reach([others], most=9).positions
    assert frozenset({others, shared, 5}) == ledger.lane.reach([others], most=9).nodes
    assert frozenset({email}) == ledger.lane.reach([email], most=9).nodes
    assert () == ledger.lane.reach([theirs], most=9).positions
