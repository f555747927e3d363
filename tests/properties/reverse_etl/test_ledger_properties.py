"""The ledger under any history: its identity holds, and no event is delivered twice."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reverse_etl.ledger import Ledger, Settlement
from reverse_etl.model import Admission, ConsentRow, Kind, Outcome, State
from reverse_etl.retry import RetryPolicy, decide
from reverse_etl.testing import NOON, contact, seeded, task

PEOPLE = st.integers(0, 3)
VERSIONS = st.sampled_from(["Ada", "Grace", "Joan"])
STATUSES = st.sampled_from(["granted", "missing", "withdrawn"])
LIMITS = {"upsert_contact": 3, "create_task": 3}
TTL = timedelta(seconds=30)
OUTCOMES = st.sampled_from(
    [
        Outcome(Kind.DELIVERED, "DELIVERED"),
        Outcome(Kind.DELIVERED, "DELIVERED"),
        Outcome(Kind.RETRYABLE, "DESTINATION_ERROR"),
        Outcome(Kind.PERMANENT, "VALIDATION_ERROR"),
        Outcome(Kind.UNKNOWN, "NO_ANSWER"),
        Outcome(Kind.AUTHENTICATION, "AUTHENTICATION_FAILED"),
        Outcome(Kind.UNREACHABLE, "DESTINATION_UNREACHABLE"),
    ]
)


class LedgerMachine(RuleBasedStateMachine):
    """Tables change, rows are leased, settled, lost, held, released and reviewed, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger.open(f"sqlite:///{self.folder.name}/ledger.db")
        self.now = NOON
        self.table = {}
        self.tasks = {}
        self.leased = []
        self.refused = set()
        self.delivered = Counter()
        self.last = {}
        self.rng = seeded()

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(person=PEOPLE, version=VERSIONS, status=STATUSES, above=st.sampled_from([None, 0, 1]))
    def want_contact(self, person, version, status, above):
        row = contact(person, properties={"firstname": version})
        self.table[person] = replace(row, consent_status=status)
        self._enqueue(self.table.values(), "upsert_contact", above)

    @rule()
    def approve(self):
        self.ledger.approve("hubspot", who="ada", now=self.now)

    @rule(person=PEOPLE)
    def forget_contact(self, person):
        self.table.pop(person, None)
        self._enqueue(self.table.values(), "upsert_contact")

    @rule(person=PEOPLE)
    def want_task(self, person):
        self.tasks[person] = task(person)
        self._enqueue(self.tasks.values(), "create_task")

    def _enqueue(self, rows, action, above=None):
        asked = {"destination": "hubspot", "action": action, "now": self.now}
        told = Counter(row.change for row in self.ledger.preview(list(rows), **asked))
        report = self.ledger.enqueue(list(rows), **asked, admission=Admission(approve_above=above))
        out = told["create"] + told["update"]
        assert out == report.inserted + report.reopened + (report.held - told["hold"])

    @rule(person=PEOPLE, status=STATUSES, purpose=st.sampled_from(["crm", "sales"]))
    def decide_consent(self, person, status, purpose):
        key = f"person-{person}"
        self.ledger.apply_consents([ConsentRow(key, purpose, status, None, self.now)], self.now)

    @rule(state=st.sampled_from([State.PENDING, State.UNKNOWN, State.HELD]))
    def lease(self, state):
        token = f"{self.rng.random()}"
        rows = self.ledger.lease(
            "hubspot", token=token, now=self.now, ttl=TTL, limits=LIMITS, state=state
        )
        people = [row.person_id for row in rows]
        busy = {row.person_id for row in self.leased}
        assert len(set(people)) == len(people)
        assert not busy & set(people)
        self.leased += rows

    @rule(outcome=OUTCOMES)
    def settle(self, outcome):
        settlements = []
        for row in self.leased:
            found = replace(outcome, vendor_id=f"vendor-{row.entity_key}")
            decision = decide(
                found,
                attempts=row.attempts + 1,
                now=self.now,
                deadline=row.deadline_at,
                policy=RetryPolicy(limit=3),
                rng=self.rng,
            )
            settlements.append(Settlement(row, decision, found))
            if outcome.kind is Kind.DELIVERED:
                self._arrived(row)
        self.ledger.settle("hubspot", settlements, self.now)
        self.leased = []

    def _arrived(self, row):
        self.delivered[row.action, row.entity_key, row.id] += 1
        assert row.mode == "state" or self.delivered[row.action, row.entity_key, row.id] == 1
        if row.mode == "state":
            assert self.last.get(row.entity_key) != row.payload_hash
            self.last[row.entity_key] = row.payload_hash

    @rule()
    def crash(self):
        """The sender dies; its leases end."""
        self.leased = []
        self.now += TTL
        self.ledger.sweep("hubspot", self.now)

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds):
        if not self.leased:
            self.now += timedelta(seconds=seconds)

    @rule()
    def hold_and_release(self):
        self.ledger.hold("hubspot", self.now)
        if self.rng.random() < 0.7:
            self.ledger.release("hubspot", self.now)

    @rule(replay=st.booleans())
    def review(self, replay):
        ids = [row.id for row in self.ledger.dead_letters.list(limit=1)]
        if replay:
            self.ledger.dead_letters.replay(ids, who="test", now=self.now)
        else:
            self.ledger.dead_letters.discard(ids, who="test", now=self.now, reason="test")

    @invariant()
    def nothing_disappears(self):
        """enqueued, counted apart, equals the sum of the states."""
        counts = self.ledger.counts()
        assert counts.balanced
        assert counts.enqueued == len(self.ledger.find())

    @invariant()
    def one_row_waits_for_an_entity(self):
        """At most one payload of an entity is queued, and an event has one row for ever."""
        rows = self.ledger.find()
        waiting = Counter(
            (row.action, row.entity_key) for row in rows if row.state in (State.PENDING, State.HELD)
        )
        events = Counter(row.entity_key for row in rows if row.mode == "event")
        assert set(waiting.values()) | set(events.values()) <= {1}


LedgerMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLedger = LedgerMachine.TestCase
TestLedger.__doc__ = "Any history keeps law 8, the order of each person, and one effect per event."
