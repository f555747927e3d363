"""Law 7 over random histories: nothing leaves for somebody who does not allow it at that moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.model import ConsentRow, Kind, Outcome, State
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded, task

PEOPLE = st.integers(1, 4)
STATUSES = st.sampled_from(["granted", "missing", "withdrawn"])
PURPOSES = st.sampled_from(["crm", "sales"])
FAULTS = st.sampled_from([None, None, "status", "lost_before", "lost_after"])
DECISIONS = st.tuples(PEOPLE, PURPOSES, STATUSES)
STEPS = st.one_of(
    st.tuples(st.just("decide"), PEOPLE, PURPOSES, STATUSES),
    st.tuples(st.just("want"), PEOPLE, st.sampled_from(["contact", "task"]), STATUSES),
    st.tuples(st.just("drain"), FAULTS, st.integers(0, 90), st.none() | DECISIONS),
    st.tuples(st.just("outage"), st.integers(1, 12)),
    st.tuples(st.just("replay")),
)
_OUTCOMES = {
    "status": Outcome(Kind.RETRYABLE, "DESTINATION_ERROR", status=500),
    "lost_before": Outcome(Kind.UNKNOWN, "NO_ANSWER"),
    "lost_after": Outcome(Kind.UNKNOWN, "DROPPED_AFTER"),
}


class _Watching(ScriptedConnector):
    """Remembers what was allowed at the moment of each sending."""

    def __init__(self, allowed):
        super().__init__()
        self.allowed, self.unlawful, self.sent = allowed, [], 0
        self.meanwhile = lambda: None

    async def send(self, batch, context):
        for row in batch:
            self.sent += 1
            if self.allowed.get((row.person_id, row.purpose)) != "granted":
                self.unlawful.append(row.entity_key)
        self.meanwhile()
        return await ScriptedConnector.send(self, batch, context)


class _World:
    """A ledger, a vendor, and what people allow."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.time = ManualTime()
        self.allowed = {}
        self.decided = set()
        self.vendor = _Watching(self.allowed)
        self.tables = {"contact": {}, "task": {}}
        self.records = 0

    def decide(self, person, purpose, status):
        self.records += 1
        key = f"person-{person}"
        self.allowed[key, purpose] = status
        self.decided.add((key, purpose))
        record = f"consent-{self.records}"
        row = ConsentRow(key, purpose, status, record, self.time())
        self.ledger.apply_consents([row], self.time())

    def want(self, person, kind, status):
        """A model wants it with the consent it saw, which may be older than what people say."""
        row = replace((contact if kind == "contact" else task)(person), consent_status=status)
        if (row.person_id, row.purpose) not in self.decided:  # else what people said is newer
            self.allowed[row.person_id, row.purpose] = status
        table = self.tables[kind]
        table[person] = row
        self.ledger.enqueue(
            list(table.values()), destination="hubspot", action=row.action, now=self.time()
        )

    def drain(self, fault, wait, meanwhile=None):
        """`meanwhile`: a decision that arrives while the first request is on its way."""
        decisions = [meanwhile] if meanwhile else []
        self.vendor.meanwhile = lambda: decisions and self.decide(*decisions.pop())
        self.vendor.script = lambda _row, times: _OUTCOMES.get(fault) if times == 0 else None
        self._drain(wait)

    def outage(self, rounds):
        self.vendor.script = lambda _row, _times: _OUTCOMES["status"]
        self._drain(rounds)

    def replay(self):
        ids = [row.id for row in self.ledger.dead_letters.list()]
        self.ledger.dead_letters.replay(ids, who="ada", now=self.time())

    def _drain(self, wait):
        dispatcher = Dispatcher(
            self.ledger,
            {"hubspot": self.vendor},
            clock=self.time,
            rng=seeded(),
            sleep=self.time.sleep,
        )
        try:
            asyncio.run(dispatcher.drain(timedelta(seconds=wait)))
        finally:
            dispatcher.close()


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=30))
def test_nothing_leaves_without_consent(steps, tmp_path_factory):
    """Over random decisions, wishes, faults, outages and replays no row is sent to anybody who
    does not allow it now; and what was sent names the consent record that allowed it."""
    folder = tmp_path_factory.mktemp("consent")
    with Ledger.open(f"sqlite:///{folder}/ledger.db") as ledger:
        world = _World(ledger)
        for name, *arguments in steps:
            getattr(world, name)(*arguments)
        assert [] == world.vendor.unlawful
        assert ledger.counts().balanced


def test_a_withdrawal_between_two_tries_stops_the_second(tmp_path):
    """A row that failed once is not tried again after the person withdrew."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        world = _World(ledger)
        world.want(1, "contact", "granted")
        world.outage(0)
        assert 1 == world.vendor.sent
        world.decide(1, "crm", "withdrawn")
        world.drain(None, 60)
        assert 1 == world.vendor.sent
        assert [(State.CANCELLED, "CONSENT_WITHDRAWN")] == [
            (row.state, row.code) for row in ledger.find()
        ]


@pytest.mark.parametrize("fault", ["status", "lost_before"])
def test_a_withdrawal_during_a_failing_try_stops_the_next(tmp_path, fault):
    """A row in flight cannot be cancelled; when it comes back unsent, it is looked at again."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        world = _World(ledger)
        world.want(1, "contact", "granted")
        world.drain(fault, 60, (1, "crm", "withdrawn"))
        assert 1 == world.vendor.sent
        assert ["CONSENT_WITHDRAWN"] == [row.code for row in ledger.find()]


def test_a_delivery_names_the_newest_consent(tmp_path):
    """What allowed the sending is the record that counted at that moment, not the one that the
    model saw."""
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        world = _World(ledger)
        world.want(1, "contact", "granted")
        world.decide(1, "crm", "granted")
        world.drain(None, 60)
        assert ["consent-1"] == [row.consent_id for row in ledger.find()]
        assert NOON <= ledger.find()[0].delivered_at
