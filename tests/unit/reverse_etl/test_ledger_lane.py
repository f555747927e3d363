"""The fast lane beside the batch: rows of some people, and which of two tellings counts."""

from __future__ import annotations

import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from reverse_etl.errors import LaneOvertakenError
from reverse_etl.ledger import LaneNews, LaneTable, Ledger
from reverse_etl.ledger.engine import open_engine, writing
from reverse_etl.model import Admission, ConsentRow, State
from reverse_etl.reports import EnqueueReport
from reverse_etl.testing import NOON, ScriptedConnector, contact, conversion, task

CONTACTS = ("hubspot", "upsert_contact")
TASKS = ("hubspot", "create_task")
ADA = contact(1)
GRACE = contact(1, properties={"firstname": "Grace"})


def complete(ledger, *rows, as_of, table=CONTACTS):
    destination, action = table
    return ledger.enqueue(rows, destination=destination, action=action, now=NOON, as_of=as_of)


def tell(ledger, *rows, to, people=(), tables=(CONTACTS,), admission=None, **news):
    """News up to `to` from where the lane is, about the people of the rows and others."""
    told = tuple(
        LaneTable(
            *table,
            tuple(row for row in rows if (row.destination, row.action) == table),
            admission or Admission(),
        )
        for table in tables
    )
    concerned = frozenset([*people, *(row.person_id for row in rows)])
    after = ledger.lane.position()
    return ledger.lane.apply(LaneNews(after, to, concerned, told, **news), now=NOON)


def moved(row, number):
    """The same effect for another person, after a merge."""
    return replace(row, person_id=f"person-{number}", payload_hash=f"{row.payload_hash} {number}")


def queued(ledger):
    return {
        (row.entity_key, row.person_id, row.payload_hash)
        for row in ledger.find(states=[State.PENDING])
    }


def wanted(*rows):
    return {(row.entity_key, row.person_id, row.payload_hash) for row in rows}


def deliver(dispatch):
    dispatch(ScriptedConnector(), ScriptedConnector("meta"))()


def test_only_its_people_are_told_about(ledger):
    """Rows of others stay as they are; what its people no longer want leaves the queue."""
    complete(ledger, ADA, contact(2), contact(3), as_of=5)
    told = tell(ledger, GRACE, to=8, people=["person-3"])
    assert {CONTACTS: EnqueueReport(inserted=1, superseded=2)} == told
    assert wanted(GRACE, contact(2)) == queued(ledger)
    assert 8 == ledger.lane.position()


def test_a_row_of_somebody_else_is_left_alone(ledger):
    """Whoever is not among the people is neither inserted nor replaced."""
    complete(ledger, contact(2), as_of=5)
    table = LaneTable(*CONTACTS, (ADA, contact(2, properties={"firstname": "Joan"})))
    ledger.lane.apply(LaneNews(0, 8, frozenset(["person-1"]), (table,)), now=NOON)
    assert wanted(ADA, contact(2)) == queued(ledger)


def test_an_older_table_leaves_whom_the_lane_told_about(ledger):
    """A complete table as of an earlier position neither brings back, replaces nor retires rows
    of people of whom something newer is known; as of the same position it counts again."""
    complete(ledger, ADA, contact(3), as_of=5)
    tell(ledger, GRACE, contact(4), to=8, people=["person-3"])
    older = (ADA, contact(2), contact(3))
    assert EnqueueReport(inserted=1, unchanged=2) == complete(ledger, *older, as_of=7)
    assert wanted(GRACE, contact(2), contact(4)) == queued(ledger)
    assert EnqueueReport(unchanged=1, inserted=1, superseded=2) == complete(
        ledger, ADA, contact(2), as_of=8
    )
    assert wanted(ADA, contact(2)) == queued(ledger)


def test_a_preview_knows_what_is_newer(ledger):
    """A dry run tells the same: nothing happens to whom the lane told about."""
    tell(ledger, GRACE, to=8)
    withdrawn = ConsentRow("person-1", "crm", "withdrawn", None, NOON)
    asked = {"destination": "hubspot", "action": "upsert_contact", "now": NOON}
    rows = (ADA, contact(2))
    for as_of, change in ((7, "queued"), (8, "refuse")):
        told = ledger.preview(rows, **asked, consents=[withdrawn], as_of=as_of)
        assert [("person-1", change), ("person-2", "create")] == [
            (row.entity_key, row.change) for row in told
        ]
    assert ["person-1"] == [
        row.entity_key for row in ledger.preview([], **asked, as_of=8) if row.change == "withdraw"
    ]
    assert [] == ledger.preview([], **asked, as_of=7)


def test_a_table_that_the_batch_told_newer_is_left_out(ledger):
    """The lane is behind the batch in one table: there it changes nothing, in others it does."""
    complete(ledger, ADA, as_of=9)
    told = tell(ledger, GRACE, task(1), to=9, tables=(CONTACTS, TASKS))
    assert {TASKS: EnqueueReport(inserted=1)} == told
    assert wanted(ADA, task(1)) == queued(ledger)
    assert CONTACTS in tell(ledger, GRACE, to=10)
    assert wanted(GRACE, task(1)) == queued(ledger)


def test_a_complete_table_older_than_the_last_says_nothing(ledger):
    """Of two complete tables the one as of the later position counts, in whatever order they
    come, and the same one may come again."""
    complete(ledger, GRACE, as_of=9)
    for _ in range(2):
        assert EnqueueReport(unchanged=2) == complete(ledger, ADA, contact(2), as_of=8)
        assert wanted(GRACE) == queued(ledger)
    assert EnqueueReport(inserted=1, superseded=1) == complete(ledger, ADA, as_of=9)


def test_what_only_an_older_row_of_somebody_else_wants_is_retired(ledger):
    """A row that is left alone does not keep the same effect queued for a person who no longer
    wants it."""
    deal = {"entity_key": "deal-1"}
    complete(ledger, contact(1, **deal), as_of=5)
    tell(ledger, to=8, people=["person-2"])
    told = complete(ledger, contact(2, **deal), as_of=7)
    assert EnqueueReport(unchanged=1, superseded=1) == told
    assert set() == queued(ledger)


def test_a_merge_takes_rows_along(ledger):
    """The alias loses what was queued for it; a task that nobody tried yet goes to the person who
    stays, as the same delivery, also where the ledger has it under an id that is not named."""
    complete(ledger, contact(1), contact(2), as_of=5)
    complete(ledger, task(1), task(2), task(3), as_of=5, table=TASKS)
    rows = (GRACE, task(1), moved(task(2), 1), moved(task(3), 1))
    told = tell(ledger, *rows, to=8, people=["person-2"], tables=(CONTACTS, TASKS))
    assert EnqueueReport(unchanged=3) == told[TASKS]
    assert wanted(*rows) == queued(ledger)
    assert 5 + 1 == ledger.counts().enqueued
    older = complete(ledger, task(1), task(2), task(3), as_of=7, table=TASKS)
    assert EnqueueReport(unchanged=3) == older
    assert wanted(*rows) == queued(ledger)


def test_an_event_that_was_sent_is_never_sent_again(ledger, dispatch):
    """Neither the lane nor a batch, for the same person or another, repeats it."""
    tell(ledger, conversion(1), to=3, tables=(("meta", "send_event"),))
    deliver(dispatch)
    told = tell(ledger, moved(conversion(1), 2), to=4, tables=(("meta", "send_event"),))
    assert {("meta", "send_event"): EnqueueReport(unchanged=1)} == told
    complete(ledger, conversion(1), as_of=5, table=("meta", "send_event"))
    assert [State.DELIVERED] == [row.state for row in ledger.find()]


def test_what_was_delivered_is_not_sent_again(ledger, dispatch):
    """A state row of the lane that equals what the destination holds is no news."""
    complete(ledger, ADA, contact(2), as_of=5)
    deliver(dispatch)
    assert {CONTACTS: EnqueueReport(unchanged=1)} == tell(ledger, ADA, to=6)
    assert {CONTACTS: EnqueueReport(inserted=1)} == tell(ledger, GRACE, to=7)


def alive(ledger, *keys):
    return ledger.alive(*CONTACTS, keys)


def test_what_is_gone_is_marked_for_its_people_only(ledger, dispatch):
    """The lane marks objects of its people as gone or back; an older table leaves the marks."""
    complete(ledger, contact(1), contact(2), contact(3), as_of=5)
    deliver(dispatch)
    keys = ("person-1", "person-2", "person-3")
    tell(ledger, to=8, people=["person-1"])
    assert {"person-2", "person-3"} == alive(ledger, *keys)
    complete(ledger, contact(1), contact(2), as_of=7)
    assert {"person-2"} == alive(ledger, *keys)
    tell(ledger, contact(3), contact(1), to=9)
    assert set(keys) == alive(ledger, *keys)
    complete(ledger, contact(2), as_of=8)
    assert set(keys) == alive(ledger, *keys)
    complete(ledger, contact(2), as_of=9)
    assert {"person-2"} == alive(ledger, *keys)


def test_an_entity_is_whose_its_newest_row_is(ledger):
    """Also where that row was refused while an older one of somebody else is being sent: what an
    older table says of it is not heard."""
    deal = {"entity_key": "deal-1"}
    complete(ledger, contact(1, **deal), as_of=5)
    ledger.lease("hubspot", token="t", now=NOON, ttl=timedelta(minutes=1), limits={})
    refused = contact(2, consent_status="withdrawn", **deal)
    assert {CONTACTS: EnqueueReport(cancelled=1)} == tell(ledger, refused, to=8)
    changed = contact(1, properties={"firstname": "Grace"}, **deal)
    assert EnqueueReport(unchanged=1) == complete(ledger, changed, as_of=7)
    assert set() == queued(ledger)


def test_an_object_that_went_to_somebody_else_stays(ledger, dispatch):
    """When a person is told about who no longer has it, its new owner's object is not gone."""
    key = {"entity_key": "deal-1"}
    complete(ledger, contact(1, **key), as_of=5)
    deliver(dispatch)
    tell(ledger, contact(2, **key), to=6, people=["person-1"])
    deliver(dispatch)
    tell(ledger, to=7, people=["person-1"])
    assert {"deal-1"} == alive(ledger, "deal-1")


def consent(number, status="withdrawn", purpose="crm"):
    return ConsentRow(f"person-{number}", purpose, status, None, NOON)


def test_withdrawn_consent_cancels_what_is_queued(ledger):
    """For the people told about, wherever it is queued; for nobody else."""
    complete(ledger, ADA, contact(2), as_of=5)
    complete(ledger, conversion(1), as_of=5, table=("meta", "send_event"))
    consents = (consent(1), consent(1, purpose="advertising"), consent(2))
    tell(ledger, to=8, people=["person-1"], tables=(), consents=consents)
    assert wanted(contact(2)) == queued(ledger)
    codes = [row.code for row in ledger.find(person_id="person-1")]
    assert ["CONSENT_WITHDRAWN"] * 2 == codes
    assert {CONTACTS: EnqueueReport(unchanged=1)} == tell(ledger, replace(ADA), to=9)


def test_of_two_consents_the_newer_counts(ledger):
    """An older batch does not give back what was withdrawn since, nor the lane what a batch
    knows better."""
    tell(ledger, ADA, to=8, consents=(consent(1),))
    assert 0 == ledger.apply_consents([consent(1, "granted"), consent(2, "granted")], NOON, 7)
    assert {CONTACTS: EnqueueReport(unchanged=1)} == tell(ledger, ADA, to=9)
    ledger.apply_consents([consent(1, "granted")], NOON, 20)
    assert {CONTACTS: EnqueueReport(reopened=0, inserted=1)} == tell(
        ledger, ADA, to=10, consents=(consent(1),)
    )
    ledger.apply_consents([consent(1)], NOON, 19)
    assert wanted(ADA) == queued(ledger)


def test_rows_keep_what_holds_them(ledger):
    """Broken contracts and the limit for approval count for the lane's rows too."""
    held = Admission({"person-1": "CONTRACT_VIOLATION"})
    assert {CONTACTS: EnqueueReport(held=1)} == tell(ledger, ADA, to=8, admission=held)
    few = Admission(approve_above=1)
    told = tell(ledger, contact(2), contact(3), to=9, admission=few)
    assert {CONTACTS: EnqueueReport(held=2)} == told


def test_who_was_overtaken_changes_nothing(ledger):
    """News that do not begin where the lane is are refused, before anything is written."""
    ledger.lane.begin(4)
    tell(ledger, ADA, to=8)
    late = LaneNews(4, 6, frozenset(["person-2"]), (LaneTable(*CONTACTS, (contact(2),)),))
    with pytest.raises(LaneOvertakenError) as caught:
        ledger.lane.apply(late, now=NOON)
    assert "LANE_OVERTAKEN" == caught.value.code
    assert 8 == ledger.lane.position()
    assert wanted(ADA) == queued(ledger)


def test_all_of_it_or_nothing(ledger):
    """When the last part fails, rows, consents, index, people and position are as before."""
    too_large = ((1, 2**80),)
    with pytest.raises(Exception, match=r"too large|out of range|overflow"):
        tell(ledger, ADA, to=8, consents=(consent(1),), events=((1, 8),), links=too_large)
    assert 0 == ledger.counts().enqueued == ledger.lane.position()
    assert () == ledger.lane.reach([1], most=9).positions
    assert EnqueueReport(inserted=1) == complete(ledger, ADA, as_of=1)


def test_whom_all_tables_know_is_forgotten(ledger):
    """People are kept until consents and every table are as new, so that none overrules them."""
    tell(ledger, ADA, contact(2), to=8)
    tell(ledger, contact(3), to=12)
    tables = (CONTACTS, TASKS)
    complete(ledger, ADA, as_of=9)
    ledger.apply_consents([], NOON, as_of=9)
    assert 0 == ledger.lane.settle(tables)
    complete(ledger, as_of=8, table=TASKS)
    assert 2 == ledger.lane.settle(tables)
    assert 0 == ledger.lane.settle(tables)
    complete(ledger, as_of=11)
    assert wanted(contact(3)) == queued(ledger)


def test_a_lane_reads_little_however_much_there_is(tmp_path):
    """No statement about some people goes through a table that grows with their number."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        complete(ledger, ADA, contact(2), as_of=1)
        ledger.lane.learn([(1, 1), (2, 1)], [(1, 3)])
        told = []
        engine = ledger._engine
        event.listen(engine, "before_cursor_execute", lambda *call: told.append(call))
        index = {"events": ((4, 8),), "links": ((4, 1),)}
        waits = Admission(waits=True)
        tell(ledger, GRACE, to=8, admission=waits, consents=(consent(1),), **index)
        ledger.lane.reach([1], most=9)
    engine = open_engine(url)
    with writing(engine) as connection:
        for _connection, _cursor, statement, parameters, _context, many in told:
            if statement.startswith("BEGIN"):
                continue
            one = parameters[0] if many else parameters
            plan = connection.exec_driver_sql(f"explain query plan {statement}", one).all()
            assert not re.findall(r"SCAN (?!anon|positions|lane_claims)[a-z_]+", str(plan)), (
                statement,
                plan,
            )
    engine.dispose()


ROUNDS = 12
CROWD = [contact(number) for number in range(20)]
CONSENTS = [consent(number, "granted") for number in range(20)]


def run_lane(ledger, number):
    """Work off position after position, in competition with others; which ones were its own."""
    done = []
    while (at := ledger.lane.position()) < ROUNDS:
        bought = conversion(f"{number}-{at}")
        tables = (LaneTable("meta", "send_event", (bought,)), LaneTable(*CONTACTS, tuple(CROWD)))
        people = frozenset(row.person_id for row in (bought, *CROWD))
        news = LaneNews(at, at + 1, people, tables, tuple(CONSENTS), ((number, at),), ((1, at),))
        with contextlib.suppress(LaneOvertakenError):
            ledger.lane.apply(news, now=NOON)
            done.append(at)
    return done


def run_batch(ledger, _number):
    """Complete tables and consents, in the opposite order."""
    for at in range(ROUNDS):
        complete(ledger, *reversed(CROWD), as_of=at)
        ledger.apply_consents(CONSENTS[::-1], NOON, at)
        ledger.lane.settle([CONTACTS])
    return []


def run_dispatcher(ledger, _number):
    """Lease a few rows and lose them."""
    lease = {"token": "t", "now": NOON, "ttl": timedelta(seconds=1), "limits": {}, "most": 3}
    for destination in ("meta", "hubspot") * ROUNDS:
        ledger.lease(destination, **lease)
        ledger.sweep(destination, NOON + timedelta(minutes=1))
    return []


def test_lanes_batches_and_dispatchers_never_wait_in_a_circle(ledger_url):
    """Several lanes, complete tables, consents and dispatchers at once: all come to an end, and
    each position is worked off once."""
    begin = threading.Barrier(5)

    def work(run, number):
        with Ledger.open(ledger_url) as own:
            begin.wait(30)
            return run(own, number)

    runs = (run_lane, run_lane, run_lane, run_batch, run_dispatcher)
    with ThreadPoolExecutor(len(runs)) as pool:
        jobs = [pool.submit(work, run, number) for number, run in enumerate(runs)]
    assert list(range(ROUNDS)) == sorted(at for job in jobs for at in job.result(90))
