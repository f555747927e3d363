"""The dispatcher, on a clock that obeys and a vendor that follows a script."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from reverse_etl.dispatcher import Dispatcher
from reverse_etl.model import ConsentRow, Kind, Outcome, State
from reverse_etl.quota import Budget
from reverse_etl.testing import (
    NOON,
    ManualTime,
    ScriptedConnector,
    contact,
    conversion,
    seeded,
    task,
)
from reverse_etl.tools import DispatchPolicy

ERROR = Outcome(Kind.RETRYABLE, "DESTINATION_ERROR", status=500)
LOST_BEFORE = Outcome(Kind.UNKNOWN, "NO_ANSWER")
LOST_AFTER = Outcome(Kind.UNKNOWN, "DROPPED_AFTER")
REFUSED = Outcome(Kind.REFUSED, "VALIDATION_ERROR", status=400)


class _AllOrNothing(ScriptedConnector):
    """Refuses every batch that holds person 7."""

    async def send(self, batch, context):
        bad = any(row.person_id == "person-7" for row in batch)
        self.script = lambda *_: REFUSED if bad else None
        return await ScriptedConnector.send(self, batch, context)


def put(ledger, *rows):
    ledger.enqueue(rows, destination=rows[0].destination, action=rows[0].action, now=NOON)


def states(ledger, **wanted):
    return [row.state.value for row in ledger.find(**wanted)]


def test_contacts_then_tasks_in_the_largest_batches(ledger, dispatch):
    """Each person's contact goes before the task, and rows travel in batches."""
    put(ledger, *(contact(n) for n in range(5)))
    put(ledger, *(task(n) for n in range(5)))
    vendor = ScriptedConnector(largest=3)
    report = dispatch(vendor)()
    assert (report.delivered, report.dead, report.pending) == (10, 0, 0)
    assert sorted(len(batch) for batch in vendor.batches) == [2, 2, 3, 3]
    places = {key: n for n, batch in enumerate(vendor.batches) for key in batch}
    assert all(places[f"person-{n}"] < places[f"mql_reached:test:{n}"] for n in range(5))


def test_a_second_drain_sends_nothing(ledger, dispatch):
    """What was delivered is not sent again."""
    put(ledger, contact(1))
    vendor = ScriptedConnector()
    drain = dispatch(vendor)
    drain()
    assert drain().delivered == 0
    assert len(vendor.batches) == 1


def test_one_item_fails_and_its_neighbours_do_not(ledger, dispatch):
    """A permanent error of one item is a dead letter; the rest of its batch is delivered."""
    put(ledger, *(contact(n) for n in range(3)))
    bad = Outcome(Kind.PERMANENT, "VALIDATION_ERROR", "no", 400)
    vendor = ScriptedConnector(script=lambda row, _: bad if row.person_id == "person-1" else None)
    report = dispatch(vendor)()
    assert (report.delivered, report.dead) == (2, 1)
    assert ledger.counts().dead_by_code == {"VALIDATION_ERROR": 1}


def test_a_refused_batch_is_bisected(ledger, dispatch):
    """When a vendor refuses whole batches, halving finds the one bad item."""
    put(ledger, *(contact(n) for n in range(20)))
    vendor = _AllOrNothing()
    report = dispatch(vendor)()
    assert (report.delivered, report.dead) == (19, 1)
    assert len(vendor.batches) <= 10


def test_retries_back_off_until_they_succeed(ledger, dispatch, time):
    """A failing vendor is tried again after 1, 2 and 4 seconds."""
    put(ledger, contact(1))
    vendor = ScriptedConnector(script=lambda _row, times: ERROR if times < 3 else None)
    report = dispatch(vendor)()
    assert report.delivered == 1
    assert timedelta(seconds=7) <= time.now - NOON <= timedelta(seconds=9)
    kinds = [attempt.kind for attempt in ledger.attempts(1)]
    assert kinds == ["retryable"] * 3 + ["delivered"]


def test_drain_returns_when_the_next_retry_is_too_far(ledger, dispatch, time):
    """Rows that come due later than `max_wait` stay pending."""
    put(ledger, contact(1))
    report = dispatch(ScriptedConnector(script=lambda *_: ERROR))(3)
    assert report.pending == 1
    assert time.now - NOON < timedelta(seconds=6)


def test_a_lost_answer_is_read_back_not_repeated(ledger, dispatch):
    """When the vendor acted but the answer was lost, reading back finds the effect."""
    put(ledger, contact(1))
    vendor = ScriptedConnector(script=lambda *_: LOST_AFTER)
    report = dispatch(vendor)()
    assert report.delivered == 1
    assert (len(vendor.batches), len(vendor.read_backs)) == (1, 1)


def test_a_lost_request_is_sent_again_after_reading_back(ledger, dispatch):
    """When the vendor never acted, reading back finds nothing and the row is sent again."""
    put(ledger, contact(1))
    vendor = ScriptedConnector(script=lambda _row, times: None if times else LOST_BEFORE)
    report = dispatch(vendor)()
    assert report.delivered == 1
    assert (len(vendor.effects), len(vendor.read_backs)) == (1, 1)


def test_withdrawal_between_enqueue_and_send_cancels(ledger, dispatch):
    """Consent is read again at the moment of sending, and its record is kept on the row."""
    put(ledger, contact(1))
    vendor = ScriptedConnector(script=lambda _row, times: None if times else ERROR)
    dispatch(vendor)(0)
    ledger.apply_consents([ConsentRow("person-1", "crm", "granted", "c-1", NOON)], NOON)
    assert states(ledger) == ["pending"]
    ledger.apply_consents([ConsentRow("person-1", "crm", "withdrawn", "c-2", NOON)], NOON)
    dispatch(vendor)()
    assert states(ledger) == ["cancelled"]
    assert vendor.effects == []


def test_withdrawal_while_the_request_waits_for_its_turn_keeps_it_at_home(ledger, dispatch, time):
    """Consent is read again after a wait: who withdrew is cancelled, and the others go alone."""
    put(ledger, contact(1), contact(2))

    class Withdrawing(ScriptedConnector):
        async def send(self, batch, context):
            async with context.permit():  # it asks something first, and spends the budget
                withdrawn = ConsentRow("person-1", "crm", "withdrawn", "c-2", NOON)
            ledger.apply_consents([withdrawn], time.now)
            return await ScriptedConnector.send(self, batch, context)

    vendor = Withdrawing(budget=Budget(1, timedelta(seconds=10)))
    dispatch(vendor)()
    assert [("person-2",)] == vendor.batches
    assert [
        ("person-1", "cancelled", "CONSENT_WITHDRAWN", "c-2"),
        ("person-2", "delivered", None, None),
    ] == [(row.person_id, row.state, row.code, row.consent_id) for row in ledger.find()]


def test_withdrawal_of_a_lost_row_cancels_before_it_is_repeated(ledger, dispatch):
    """A row whose first send was lost is not repeated after its person withdrew."""
    put(ledger, contact(1))
    vendor = ScriptedConnector(script=lambda *_: LOST_BEFORE)
    dispatch(vendor)(0)
    ledger.apply_consents([ConsentRow("person-1", "crm", "withdrawn", "c-2", NOON)], NOON)
    dispatch(vendor)()
    assert [(row.state, row.code, row.consent_id) for row in ledger.find()] == [
        (State.CANCELLED, "CONSENT_WITHDRAWN", "c-2")
    ]
    assert len(vendor.batches) == 1


def test_a_task_without_a_contact_ends_in_the_dead_letters(ledger, dispatch):
    """A task whose contact never comes is retried without a request, then given up."""
    put(ledger, task(1))
    vendor = ScriptedConnector()
    dispatch(vendor)(61)
    assert ledger.counts().dead_by_code == {"REFERENCE_NOT_SYNCED": 1}
    assert vendor.batches == []


def test_the_first_delivery_of_a_contact_is_answered_before_it_is_settled(ledger, dispatch):
    """`on_answer` gets the vendor's id once, while the row is still in flight."""
    seen = []

    def on_answer(answers):
        seen.extend((answer.type, answer.person_id, dict(answer.data)) for answer in answers)
        assert states(ledger) == ["in_flight"]

    put(ledger, contact(1))
    drain = dispatch(ScriptedConnector(), on_answer=on_answer)
    drain()
    put(ledger, contact(1, properties={"firstname": "Grace"}))
    drain()
    assert seen == [("contact_synced", "person-1", {"vendor_id": "vendor-person-1"})]


def test_an_answer_that_cannot_be_recorded_is_read_back_and_handed_over_again(ledger, dispatch):
    """A failing event log delays the settlement; nothing is sent twice and nothing is lost."""
    calls = []

    def on_answer(answers):
        calls.append(len(answers))
        if len(calls) == 1:
            raise OSError("disk full")

    put(ledger, contact(1))
    vendor = ScriptedConnector()
    report = dispatch(vendor, on_answer=on_answer)()
    assert (report.delivered, calls, len(vendor.batches)) == (1, [1, 1], 1)
    assert [problem.code for problem in report.problems] == ["RECORDING_FAILED"]


def test_waiting_for_the_quota_is_always_allowed(ledger, dispatch, time):
    """A drain waits for the request budget even when `max_wait` is shorter."""
    put(ledger, *(contact(n) for n in range(30)))
    vendor = ScriptedConnector(largest=1, budget=Budget(10, timedelta(seconds=10)))
    report = dispatch(vendor)(0)
    assert report.delivered == 30
    assert time.now - NOON >= timedelta(seconds=20)


def test_hot_rows_use_the_reserved_share(ledger, dispatch, time):
    """When cold rows have used their share, a hot row that comes then still goes at once."""
    cold = [conversion(n) for n in range(9)]
    put(ledger, *cold)

    def script(row, _times):
        if row.entity_key == "conversion-3":  # the last that cold rows may send for now
            put(ledger, *cold, conversion(99, priority=0))

    vendor = ScriptedConnector(
        "meta", largest=1, budget=Budget(5, timedelta(seconds=10)), script=script
    )
    dispatch(vendor, policy=DispatchPolicy(at_once=1))(0)
    assert vendor.batches[4] == ("conversion-99",)
    assert ledger.attempts(10)[0].started_at == NOON


def test_rows_without_a_connector_are_reported(ledger, dispatch):
    """Rows for a destination that is not configured stay pending, and the report says so."""
    put(ledger, conversion(1))
    report = dispatch(ScriptedConnector())()
    assert [problem.code for problem in report.problems] == ["CONNECTOR_MISSING"]


def test_one_wide_line_per_attempt_without_personal_data(ledger, dispatch):
    """Each batch logs one line with its correlation ids, and no payload."""
    put(ledger, contact(1))
    with structlog.testing.capture_logs() as lines:
        dispatch(ScriptedConnector())()
    (line,) = lines
    assert line["correlation_ids"] == ["correlation-person-1"]
    assert line["kinds"] == {"delivered": 1}
    assert "example.com" not in str(line)


def test_run_delivers_what_is_enqueued_while_it_runs(ledger):
    """A running dispatcher finds new rows by itself, and stops when asked."""

    async def scenario():
        stop, delivered = asyncio.Event(), asyncio.Event()
        vendor = ScriptedConnector(script=lambda *_: delivered.set())
        time = ManualTime()
        dispatcher = Dispatcher(ledger, {"hubspot": vendor}, clock=time, rng=seeded())
        running = asyncio.create_task(dispatcher.run(stop))
        await asyncio.sleep(0)
        put(ledger, contact(1))
        dispatcher.wake()
        await delivered.wait()
        stop.set()
        await running
        dispatcher.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert states(ledger) == ["delivered"]
