"""Several workers of the fast lane on one log: any order of their steps, crashes and batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import chain
from types import SimpleNamespace

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.fast_lane.shares import Shares
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.errors import LaneOvertakenError
from reverse_etl.ledger import LaneNews, LaneTable, Ledger
from reverse_etl.ledger.engine import writing
from reverse_etl.ledger.schema import metadata
from reverse_etl.model import State
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded, task

TABLES = ("upsert_contact", "create_task")
WORKERS = 3
NODES = st.integers(0, 5)
EVENTS = st.one_of(
    st.tuples(st.sets(NODES, min_size=1, max_size=1), st.booleans()),
    st.tuples(st.sets(NODES, min_size=2, max_size=2), st.just(False)),  # two become one person
)
WORKER = st.integers(0, WORKERS - 1)
APPEND = st.tuples(st.just("append"), st.lists(EVENTS, min_size=1, max_size=4))
GO_ON = st.tuples(st.sampled_from(["go_on", "go_on", "work"]), WORKER)
TROUBLE = st.one_of(
    st.tuples(st.sampled_from(["fail", "stall", "die"]), WORKER),
    st.tuples(st.sampled_from(["wake_up", "expire"])),
)
BATCH = st.tuples(st.sampled_from(["build", "enqueue", "deliver"]))
STEP = st.sampled_from([APPEND, APPEND, *[GO_ON] * 6, TROUBLE, BATCH]).flatmap(lambda each: each)
STEPS = st.lists(STEP, min_size=15, max_size=45)


class Person:
    """A worker: what it claimed, and the positions that it has in hand."""

    def __init__(self, world, name):
        self.shares = Shares(
            world,
            world.ledger.lane,
            company=world.company,
            owner=name,
            dead=world.dead.__contains__,
        )
        self.name = name
        self.share = None
        self.known = set()
        self.passed = False


class World:
    """Events are about nodes; who hangs together is a person, called after the least of them. Some
    events are only noted: they change no row, but stand in the index."""

    def __init__(self, ledger, *, company):
        self.ledger = ledger
        self.company = company
        self.now = NOON
        self.events = []
        self.dead = set()
        self.stalled = []
        self.names = 0
        self.done = Counter()
        self.built = self.enqueued = 0
        self.workers = [self._new() for _ in range(WORKERS)]

    def _new(self):
        self.names += 1
        return Person(self, f"worker-{self.names}")

    # -- the log --------------------------------------------------------------------------------

    def append(self, events):
        self.events += [(frozenset(nodes), noted) for nodes, noted in events]

    def head(self):
        return len(self.events)

    def rows(self, *, after, limit):
        return [SimpleNamespace(position=at) for at in range(after + 1, self.head() + 1)][:limit]

    def nodes(self, positions):
        return set(chain.from_iterable(self.events[at - 1][0] for at in positions))

    def is_noted(self, position):
        return self.events[position - 1][1]

    # -- the models -----------------------------------------------------------------------------

    def people(self, positions):
        """Person's nodes → the positions that count, of these events."""
        graph = nx.Graph()
        for at in positions:
            graph.add_edges_from((("event", at), node) for node in self.events[at - 1][0])
        parts = [[*part] for part in nx.connected_components(graph)]
        return {
            frozenset(each for each in part if isinstance(each, int)): sorted(
                each[1] for each in part if isinstance(each, tuple) and not self.is_noted(each[1])
            )
            for part in parts
        }

    def table(self, action, positions):
        for nodes, counted in self.people(positions).items():
            number = min(nodes)
            if action == "create_task":
                for at in counted:
                    yield task(number, entity_key=f"task-{at}", payload_hash=f"{number}")
            elif counted:
                yield contact(number, entity_key=f"contact-{number}", payload_hash=f"{counted}")

    # -- workers --------------------------------------------------------------------------------

    def go_on(self, number):
        """A worker's next step: claim, a round of its slice, or tell what came of it."""
        worker = self.workers[number]
        try:
            if worker.share is None:
                self._begin(worker)
            elif not worker.passed:
                self._look(worker)
            else:
                self._tell(worker)
        except LaneOvertakenError:
            worker.share = None
            worker.shares.overtaken(self.now)

    def work(self, number):
        """All that a worker does with what it claims, unless it has to wait."""
        for _ in range(4):
            self.go_on(number)

    def _begin(self, worker):
        worker.share = worker.shares.next(self.now, most=3)
        if worker.share:
            theirs = {row.position for row in worker.share.rows}
            worker.known = {at for at in theirs if not self.is_noted(at)}
            worker.passed = not worker.known

    def _look(self, worker):
        share = worker.share
        noted = self.nodes({row.position for row in share.rows} - worker.known)
        held = share.reach(self.nodes(worker.known), noted=noted, known=worker.known, most=1_000)
        missing = set(held.reached.positions) - worker.known
        worker.known |= missing
        worker.passed = held.passed and not missing
        if not missing and not held.passed:
            worker.shares.hold_up(share)
            worker.share = None

    def _tell(self, worker):
        share, worker.share = worker.share, None
        theirs = {row.position for row in share.rows}
        people = frozenset(f"person-{node}" for node in self.nodes(worker.known))
        tables = [
            LaneTable("hubspot", action, tuple(self.table(action, worker.known)))
            for action in TABLES
        ]
        pairs = tuple((node, at) for at in theirs for node in self.events[at - 1][0])
        news = LaneNews(share.after, share.last, people, tuple(tables), events=pairs)
        share.apply(news, now=self.now)
        self.done.update(theirs)
        self._check_slice(theirs, worker.known, share.last)

    def _check_slice(self, theirs, known, last):
        """Whoever was told about, was so with everything up to there; what came in the same hand
        and is only noted is seen by the next one."""
        graph = nx.Graph()
        for at in range(1, last + 1):
            graph.add_edges_from((("event", at), node) for node in self.events[at - 1][0])
        for at in theirs:
            if not self.is_noted(at):
                together = nx.node_connected_component(graph, ("event", at))
                expected = {each[1] for each in together if isinstance(each, tuple)}
                assert expected - {each for each in theirs if self.is_noted(each)} <= known

    def fail(self, number):
        """A model fails over what the worker has in hand."""
        worker = self.workers[number]
        if worker.share and len(worker.share.rows) > 1:
            share, worker.share = worker.share, None
            try:
                worker.shares.split(share, self.now)
            except LaneOvertakenError:
                worker.shares.overtaken(self.now)

    def stall(self, number):
        """A worker is heard of no more, or much later."""
        self.stalled.append(self.workers[number])
        self.workers[number] = self._new()

    def die(self, number):
        """A worker is killed, and others can see that."""
        self.dead.add(self.workers[number].name)
        self.workers[number] = self._new()

    def wake_up(self):
        """One that stalled goes on with what it had."""
        if self.stalled:
            self.workers.append(self.stalled.pop(0))
            for _ in range(3):
                if self.workers[-1].share:
                    self.go_on(-1)
            if self.workers.pop().share:
                return  # and stalls again, for ever

    def expire(self):
        self.now += timedelta(seconds=61)

    # -- the batch lane and the dispatcher ------------------------------------------------------

    def build(self):
        self.built = self.head()

    def enqueue(self):
        self.enqueued = self.built
        self.ledger.apply_consents([], self.now, as_of=self.built)
        for action in TABLES:
            self.ledger.enqueue(
                list(self.table(action, range(1, self.built + 1))),
                destination="hubspot",
                action=action,
                now=self.now,
                as_of=self.built,
            )
        self.ledger.lane.settle(("hubspot", action) for action in TABLES)

    def deliver(self):
        time = ManualTime()
        time.now = self.now
        connector = ScriptedConnector()
        dispatcher = Dispatcher(
            self.ledger, {"hubspot": connector}, clock=time, rng=seeded(), sleep=time.sleep
        )
        try:
            asyncio.run(dispatcher.drain(timedelta(seconds=30)))
        finally:
            dispatcher.close()

    # -- what holds -----------------------------------------------------------------------------

    def check(self, before):
        """The position never goes back, everything up to it is worked off, nothing is twice."""
        position = self.ledger.lane.position()
        assert before <= position
        assert set(range(1, position + 1)) <= self.done.keys()
        assert {1} >= set(self.done.values())
        return position

    def finish(self):
        """All that are left work until nothing is left to do."""
        self.expire()
        for _ in range(20 * (self.head() + WORKERS)):
            for number in range(WORKERS):
                self.go_on(number)
            if self.ledger.lane.position() == self.head():
                break
        assert self.head() == self.ledger.lane.position()
        assert () == self.ledger.lane.stand().claims

    def wanted(self):
        every = range(1, self.head() + 1)
        return {(row.action, row.entity_key): row for a in TABLES for row in self.table(a, every)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger(request, tmp_path_factory):
    """One for all examples, emptied before each."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('claims')}/ledger.db"
    else:
        url = request.getfixturevalue("postgres").new_database()
    with Ledger.open(url) as ledger:
        yield ledger


def empty(ledger):
    with writing(ledger._engine) as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())


@settings(max_examples=25)
@given(steps=STEPS, company=st.booleans())
def test_workers_side_by_side_do_what_one_would(ledger, steps, company):
    """Whatever comes between whatever: each event is worked off once, each person is told about
    with everything before, and in the end it is queued or delivered what the log wants."""
    _play(ledger, steps, company)


@pytest.mark.slow
@settings(max_examples=400)
@given(steps=STEPS, company=st.booleans())
def test_many_histories_of_workers_side_by_side(ledger, steps, company):
    """The same, many more times."""
    _play(ledger, steps, company)


def _play(ledger, steps, company):
    empty(ledger)
    world = World(ledger, company=company)
    position = 0
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
        position = world.check(position)
    world.finish()
    world.check(position)

    rows, wanted = ledger.find(), world.wanted()
    queued = {(row.action, row.entity_key): row for row in rows if row.state is State.PENDING}
    sent = {(row.action, row.entity_key): row for row in rows if row.state is State.DELIVERED}
    events = [row.entity_key for row in rows if row.mode == "event"]
    assert queued.keys() <= wanted.keys() <= queued.keys() | sent.keys()
    assert len(set(events)) == len(events)
    for key, row in wanted.items():
        if row.mode == "state":
            assert row.payload_hash == queued.get(key, sent.get(key)).payload_hash
        elif key in queued:
            assert (row.person_id, row.payload_hash) == (
                queued[key].person_id,
                queued[key].payload_hash,
            )
    keys = [f"contact-{number}" for number in range(6)]
    contacts = {key for action, key in wanted if action == "upsert_contact"}
    assert contacts == ledger.alive("hubspot", "upsert_contact", keys)
    assert ledger.counts().balanced
