"""How far deliveries have come, and when, as the ledger tells it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from reverse_etl import catalogue
from reverse_etl.ledger import Ledger, Settlement, Way
from reverse_etl.ledger.ways import Ways
from reverse_etl.model import Admission, Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, conversion, task

SECOND = timedelta(seconds=1)
TAKEN = Outcome(Kind.DELIVERED, "DELIVERED", vendor_id="7")
LIMITS = {"create_task": 9, "upsert_contact": 9, "send_event": 9}


def put(ledger, *rows, at=NOON, **options):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=at, **options)


def settle(ledger, at, outcome=TAKEN, state=State.DELIVERED, destination="hubspot", asked=SECOND):
    """Lease what is due, ask so much before `at`, and record how it ended."""
    rows = ledger.lease(destination, token="t", now=at, ttl=60 * SECOND, limits=LIMITS)
    decision = Decision(state, outcome.code, due_at=at)
    ended = [Settlement(row, decision, outcome, started_at=at - asked) for row in rows]
    ledger.settle(destination, ended, at)


def keys(ways):
    return [(way.action, way.correlation_id) for way in ways]


def test_each_step_of_a_delivery_is_told(ledger):
    """From what happened to the first request, not the last, and the answer that settled it."""
    put(ledger, task(1, event_time=NOON - SECOND))
    again = Outcome(Kind.RETRYABLE, catalogue.DESTINATION_ERROR)
    settle(ledger, NOON + 3 * SECOND, again, State.PENDING)
    settle(ledger, NOON + 9 * SECOND)
    [way] = ledger.ways.delivered(NOON)
    assert way.hot
    assert way == Way(
        "hubspot", "create_task", 0, "correlation-person-1",
        event_time=NOON - SECOND, created_at=NOON, told_at=None,
        requested_at=NOON + 2 * SECOND, delivered_at=NOON + 9 * SECOND,
    )  # fmt: skip


def test_what_was_not_sent_is_no_request(ledger):
    """A destination that cannot be reached was not asked."""
    put(ledger, task(1))
    settle(
        ledger,
        NOON + SECOND,
        Outcome(Kind.UNREACHABLE, catalogue.DESTINATION_UNREACHABLE),
        State.PENDING,
    )
    [way] = ledger.ways.hot_waiting()
    assert (None, None) == (way.requested_at, way.delivered_at)


def test_only_what_was_delivered_lately_is_told(ledger):
    """Newest first, no older than asked, and no more than asked."""
    for number in range(3):
        put(ledger, *(task(n) for n in range(number + 1)))
        settle(ledger, NOON + number * 60 * SECOND)
    told = ledger.ways.delivered(NOON + 60 * SECOND)
    assert ["correlation-person-2", "correlation-person-1"] == [way.correlation_id for way in told]
    assert told[:1] == ledger.ways.delivered(NOON, most=1)


def test_what_is_hot_and_on_its_way_waits(ledger):
    """Oldest first and of every destination; what is not hot, and what a person has to decide on,
    is left out, and what an ill destination holds is not."""
    put(ledger, contact(1), contact(2, priority=0), at=NOON + SECOND)
    put(ledger, conversion(3, priority=0))
    held = Admission(held={task(4).entity_key: "CONTRACT_VIOLATION"})
    put(ledger, task(4), admission=held)
    expected = [("send_event", "correlation-person-3"), ("upsert_contact", "correlation-person-2")]
    assert expected == keys(ledger.ways.hot_waiting())
    assert expected[:1] == keys(ledger.ways.hot_waiting(most=1))
    ledger.hold("hubspot", NOON + 2 * SECOND)
    assert expected == keys(ledger.ways.hot_waiting())


def test_a_row_says_since_when_the_destination_knows(ledger):
    """Another row of the entity under the same correlation id went before; one of another entity,
    and one that was not delivered, do not count."""
    put(ledger, contact(1), contact(2))
    settle(ledger, NOON + SECOND)
    changed = [contact(n, properties={"firstname": "Eva"}, priority=0) for n in (1, 2)]
    other = contact(2, properties={"firstname": "Ida"}, priority=0, correlation_id="another")
    put(ledger, *changed, at=NOON + 2 * SECOND)
    put(ledger, changed[0], other, at=NOON + 3 * SECOND)
    told = {way.correlation_id: way.told_at for way in ledger.ways.hot_waiting()}
    assert {"correlation-person-1": NOON, "another": None} == told


@pytest.mark.parametrize("question", ["delivered", "hot_waiting"])
def test_the_answer_comes_from_indexes(tmp_path, question):
    """However long the ledger: it does not go through all deliveries."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        engine = ledger._engine
        told = []
        event.listen(engine, "before_cursor_execute", lambda *call: told.append(call[2:4]))
        ways = Ways(engine)
        ways.delivered(NOON) if question == "delivered" else ways.hot_waiting()
        statement, parameters = told[-1]
        with engine.connect() as connection:
            plan = str(
                connection.exec_driver_sql(f"explain query plan {statement}", parameters).all()
            )
    wanted = {"delivered": "deliveries_by_delivery", "hot_waiting": "deliveries_queue"}[question]
    assert {wanted, "deliveries_by_entity"} == set(re.findall(r"USING INDEX (deliveries\w+)", plan))
    assert "SCAN deliveries" not in plan
