"""Enrichment first: rows wait for what a vendor is asked about their person, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ingestion.event_log.needles import Needles
from reverse_etl.breaker import Breaker
from reverse_etl.health import Health
from reverse_etl.ledger import LaneNews, LaneTable, Settlement
from reverse_etl.ledger.engine import reading
from reverse_etl.ledger.schema import awaited
from reverse_etl.model import Admission, ConsentRow, Kind, Outcome, State
from reverse_etl.reports import EnqueueReport
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, company, contact, conversion, question, task

LIMIT = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
UNTIL = NOON + LIMIT
ASKS = Admission(asks=LIMIT)
WAITS = Admission(waits=True)
QUESTIONS = ("apollo", "enrich_person")
CONTACTS = ("hubspot", "upsert_contact")
TASKS = ("hubspot", "create_task")
CODE = "AWAITING_ENRICHMENT"
RICH = contact(1, properties={"jobtitle": "VP Operations"})
MATCH = Outcome(Kind.DELIVERED, "DELIVERED")


def put(ledger, *rows, table=None, now=NOON, as_of=None):
    destination, action = table or (rows[0].destination, rows[0].action)
    return ledger.enqueue(
        rows,
        destination=destination,
        action=action,
        now=now,
        admission=ASKS if action == "enrich_person" else WAITS,
        as_of=as_of,
    )


def tell(ledger, *rows, people=("person-1",), now=NOON, consents=()):
    """News of the lane: other tables come before that of the questions."""
    tables = tuple(
        LaneTable(
            *table,
            tuple(row for row in rows if (row.destination, row.action) == table),
            ASKS if table == QUESTIONS else WAITS,
        )
        for table in (CONTACTS, TASKS, QUESTIONS)
    )
    after = ledger.lane.position()
    news = LaneNews(after, after + 1, frozenset(people), tables, consents)
    return ledger.lane.apply(news, now=now)


def take(ledger, destination="hubspot", now=NOON, **options):
    limits = dict.fromkeys(("upsert_contact", "upsert_company", "create_task", "send_event"), 9)
    return ledger.lease(destination, token="t", now=now, ttl=LIMIT, limits=limits, **options)


def settle(ledger, decision, outcome=MATCH, *, destination="apollo", **health):
    """Send what is due there; it ends so, and that is what is known of its health then."""
    rows = take(ledger, destination)
    assert rows
    settlements = [Settlement(row, decision, outcome) for row in rows]
    learn = {"learn": lambda _before: Health(**health)} if health else {}
    ledger.settle(destination, settlements, NOON, **learn)


def due(ledger, now=NOON):
    return [(row.entity_key, row.payload_hash) for row in take(ledger, now=now)]


def codes(ledger):
    return [row.code for row in ledger.find(destination="hubspot", states=[State.PENDING])]


def questions(ledger):
    """How many are waited for."""
    with reading(ledger._engine) as connection:
        return connection.scalar(select(func.count()).select_from(awaited))


DELIVERED = Decision(State.DELIVERED, "DELIVERED")
WANTED = [(contact(1).entity_key, contact(1).payload_hash)]


def test_rows_of_whom_a_vendor_is_asked_about_wait(ledger):
    """They stay pending under a code, due at the time limit; rows of others go."""
    put(ledger, question(1))
    assert EnqueueReport(inserted=2) == put(ledger, contact(1), contact(2))
    put(ledger, company(1))
    assert [CODE, None, None] == codes(ledger)
    assert [("person-1", UNTIL)] == [(r.entity_key, r.due_at) for r in ledger.find(code=CODE)]
    assert {CODE: 1} == ledger.counts().pending_by_code


def test_they_go_when_their_time_is_up(ledger):
    """By the clock alone: whatever happened to the question, and to whom asked it."""
    put(ledger, question(1))
    put(ledger, contact(1))
    assert UNTIL == ledger.next_due("hubspot")
    assert [] == due(ledger, UNTIL - SECOND)
    assert WANTED == due(ledger, UNTIL)


def test_the_lane_asks_before_anything_else_waits(ledger):
    """In one step of the lane questions come first, in whatever order its tables are."""
    told = tell(ledger, contact(1), task(1), question(1))
    assert {CONTACTS, TASKS, QUESTIONS} == set(told)
    assert [CODE, CODE] == codes(ledger)


def test_an_answer_that_was_worked_off_lets_one_row_go(ledger):
    """An answer alone frees nothing: what it changes has to be told first. Then exactly one row
    of the contact goes, with what the vendor knows, and the task with it."""
    tell(ledger, contact(1), task(1), question(1))
    settle(ledger, DELIVERED)
    assert [] == due(ledger)
    tell(ledger, contact(1), task(1), question(1))  # somebody else's event, before the answer's
    assert [] == due(ledger)
    told = tell(ledger, RICH, task(1), now=NOON + SECOND)
    assert EnqueueReport(inserted=1, superseded=1) == told[CONTACTS]
    assert EnqueueReport(reopened=1) == told[TASKS]
    assert [None, None] == codes(ledger)
    assert [State.SUPERSEDED] == [
        row.state for row in ledger.find(destination="hubspot") if row.payload_hash == WANTED[0][1]
    ]
    assert 0 == questions(ledger)


def test_a_batch_that_worked_off_the_answer_does_the_same(ledger):
    """Complete tables as of a position: with the question gone the new row goes at once."""
    put(ledger, question(1), as_of=3)
    put(ledger, contact(1), as_of=3)
    settle(ledger, DELIVERED)
    assert 3 == ledger.told_until(*QUESTIONS)
    put(ledger, table=QUESTIONS, as_of=5)
    put(ledger, RICH, as_of=5)
    assert [(RICH.entity_key, RICH.payload_hash)] == due(ledger)


def test_a_batch_that_is_behind_the_lane_frees_and_holds_nobody(ledger):
    """What an older table asks, or asks no more, says nothing of whom the lane told about."""
    tell(ledger, contact(1), question(1))
    put(ledger, table=QUESTIONS, as_of=0)
    assert [] == due(ledger)
    tell(ledger, RICH)
    put(ledger, question(1), as_of=1)
    assert 0 == questions(ledger)


NOBODY = (DELIVERED, Outcome(Kind.DELIVERED, "NO_MATCH"))
GIVEN_UP = (Decision(State.DEAD, "REFUSED"), Outcome(Kind.PERMANENT, "REFUSED"))
TOO_LATE = (
    Decision(State.PENDING, "CREDITS_USED_UP", NOON + timedelta(hours=1)),
    Outcome(Kind.RETRYABLE, "CREDITS_USED_UP"),
)


@pytest.mark.parametrize("end", [NOBODY, GIVEN_UP, TOO_LATE])
def test_a_question_without_an_answer_delays_nobody(ledger, end):
    """The vendor knows nobody, the question is dead, or its next try comes too late."""
    put(ledger, question(1))
    put(ledger, contact(1))
    settle(ledger, *end)
    assert ledger.next_due("hubspot") == NOON
    assert WANTED == due(ledger)


def test_what_need_not_wait_any_longer_is_told(ledger):
    """Whoever runs dispatchers only now and then learns that there is something to send."""
    put(ledger, question(1), question(2))
    put(ledger, contact(1), contact(2), contact(3))
    [first, second, _] = ledger.find(destination="hubspot")
    assert ledger.ripe("hubspot", NOON) is None
    assert second.id == ledger.ripe("hubspot", UNTIL)
    put(ledger, question(2))
    assert first.id == ledger.ripe("hubspot", NOON)
    assert ledger.ripe("meta", UNTIL) is None


def test_a_retry_in_time_is_waited_for(ledger):
    """A vendor that fails once may answer yet; what is settled elsewhere frees nothing."""
    put(ledger, question(1))
    put(ledger, contact(1), contact(2))
    settle(ledger, DELIVERED, destination="hubspot")
    error = Outcome(Kind.RETRYABLE, "DESTINATION_ERROR")
    settle(ledger, Decision(State.PENDING, error.code, NOON + SECOND), error)
    assert [] == due(ledger)


ILL = [
    {"breaker": Breaker(opened_at=NOON)},
    {"stopped_code": "AUTHENTICATION_FAILED"},
    {"paused_until": UNTIL},
]


@pytest.mark.parametrize("health", ILL)
def test_an_ill_destination_delays_nobody(ledger, health):
    """Rows go as soon as it is known to be ill, also those of people it is asked about then."""
    put(ledger, question(1), question(2))
    put(ledger, contact(1))
    again = Decision(State.PENDING, "DESTINATION_ERROR", NOON + SECOND)
    settle(ledger, again, Outcome(Kind.RETRYABLE, "DESTINATION_ERROR"), **health)
    assert WANTED == due(ledger)
    put(ledger, question(1), question(2), question(3))
    put(ledger, contact(1), contact(3))
    assert [None] == codes(ledger)


def test_a_destination_that_is_switched_off_delays_nobody(ledger):
    """At once, and also later."""
    put(ledger, question(1))
    put(ledger, contact(1))
    ledger.switches.turn_off("apollo", who="ada", reason="test", now=NOON)
    assert WANTED == due(ledger)
    put(ledger, question(1), question(2))
    put(ledger, contact(2))
    assert [("person-2", contact(2).payload_hash)] == due(ledger)


def test_of_two_vendors_the_last_is_waited_for(ledger):
    """One that knows nobody frees nothing while the other one may answer."""
    put(ledger, question(1))
    put(ledger, question(1, vendor="peopledatalabs"))
    put(ledger, contact(1))
    settle(ledger, *NOBODY)
    assert [] == due(ledger)
    settle(ledger, *NOBODY, destination="peopledatalabs")
    assert WANTED == due(ledger)


def test_the_time_limit_counts_from_the_question(ledger):
    """Whoever tells the same again, or more about the person, makes nobody wait longer."""
    tell(ledger, contact(1), question(1))
    tell(ledger, RICH, task(1), question(1), now=NOON + 20 * SECOND)
    assert {UNTIL} == {row.due_at for row in ledger.find(code=CODE)}
    tell(ledger, contact(1), task(1), question(1), now=UNTIL)
    assert [None, None] == codes(ledger)
    assert 0 == questions(ledger)


def test_consent_that_comes_later_asks_then(ledger):
    """A question that was cancelled delays nobody; it does from when it is asked after all."""
    refused = question(1, consent_status="missing")
    tell(ledger, contact(1), refused)
    assert [None] == codes(ledger)
    granted = (ConsentRow("person-1", "crm", "granted", None, NOON),)
    tell(ledger, RICH, question(1), now=NOON + LIMIT, consents=granted)
    assert [UNTIL + LIMIT] == [row.due_at for row in ledger.find(code=CODE)]


def test_a_withdrawal_ends_the_waiting(ledger):
    """With consent to ask gone, what needs none of it goes."""
    tell(ledger, task(1), question(1))
    withdrawn = (ConsentRow("person-1", "crm", "withdrawn", None, NOON),)
    told = tell(ledger, task(1), question(1, consent_status="withdrawn"), consents=withdrawn)
    assert EnqueueReport(reopened=1) == told[TASKS]
    assert 0 == questions(ledger)


def test_a_merge_asks_anew_under_the_id_that_stays(ledger):
    """The question about the alias is withdrawn, and nothing waits for it any more."""
    tell(ledger, contact(2), question(2), people=["person-2"])
    people = ["person-1", "person-2"]
    tell(ledger, contact(1), question(1), people=people, now=NOON + SECOND)
    assert [("person-1", UNTIL + SECOND)] == [
        (row.person_id, row.due_at) for row in ledger.find(code=CODE, states=[State.PENDING])
    ]
    tell(ledger, contact(1), people=people)
    assert 0 == questions(ledger)


def test_a_row_with_a_deadline_does_not_miss_it(ledger):
    """What would be too late after the wait goes at once."""
    put(ledger, question(1), question(2))
    put(ledger, conversion(1, deadline_at=UNTIL), conversion(2))
    assert ["conversion-1"] == [row.entity_key for row in take(ledger, "meta")]


def test_without_the_setting_nothing_waits(ledger):
    """Neither for questions asked while it was off, nor for older ones once it is."""
    for admission in (Admission(), ASKS):
        ledger.enqueue(
            [question(1)],
            destination="apollo",
            action="enrich_person",
            now=NOON,
            admission=admission,
        )
        put(ledger, contact(1))
        assert [None] == codes(ledger)
    put(ledger, question(1), question(2))
    both = (contact(1), contact(2))
    ledger.enqueue(both, destination="hubspot", action="upsert_contact", now=NOON)
    assert [None, None] == codes(ledger)


def test_a_held_question_delays_nobody(ledger):
    """One that breaks its contract, or is too much at once, is not asked yet."""
    asked = {"destination": "apollo", "action": "enrich_person", "now": NOON}
    held = Admission({question(1).entity_key: "CONTRACT_VIOLATION"}, asks=LIMIT)
    ledger.enqueue([question(1)], **asked, admission=held)
    put(ledger, contact(1))
    assert [None] == codes(ledger)


def test_an_open_breaker_does_not_cut_the_wait_short(ledger):
    """While the CRM is ill, what waits is not held; when it is well again it still waits."""
    put(ledger, question(1))
    put(ledger, contact(1))
    assert 0 == ledger.hold("hubspot", NOON)
    ledger.release("hubspot", NOON)
    assert [] == due(ledger)
    assert 1 == ledger.hold("hubspot", UNTIL)


def test_what_waits_can_be_looked_at(ledger):
    """The list of what needs review shows it only where it is asked for, and review leaves it."""
    put(ledger, question(1))
    put(ledger, contact(1))
    assert () == ledger.dead_letters.list()
    [found] = ledger.dead_letters.list(code=CODE)
    assert "MILLRACE_ENRICHMENT_FIRST_SECONDS" in ledger.dead_letters.show(found.id).remedy
    assert [] == ledger.dead_letters.ids(destination=None, code=CODE)
    change = ledger.preview([RICH], destination="hubspot", action="upsert_contact", now=NOON,
                            admission=WAITS)  # fmt: skip
    assert [("create", CODE)] == [(row.change, row.code) for row in change]


def test_nothing_of_whom_is_erased_is_left(ledger):
    """Neither what waits nor what it waits for."""
    put(ledger, question(1), question(2))
    put(ledger, contact(1))
    ledger.erasure.erase(["person-1"], Needles(["lead1@example.com"]), NOON)
    assert 1 == questions(ledger)
    assert [] == due(ledger, UNTIL)
