"""The fast lane's ledger over random graphs and random histories of two tellers."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import LaneNews, LaneTable, Ledger
from reverse_etl.model import State
from reverse_etl.testing import NOON, ManualTime, ScriptedConnector, contact, seeded, task

NODES = st.integers(-6, 6)
EVENTS = st.lists(st.tuples(NODES, st.integers(1, 12)), max_size=30)
LINKS = st.lists(st.tuples(NODES, NODES), max_size=6)


@settings(max_examples=150)
@given(events=EVENTS, links=LINKS, start=st.sets(NODES, max_size=3), most=st.integers(0, 12))
def test_what_is_reached_is_what_hangs_together(events, links, start, most, tmp_path_factory):
    """Nodes and events are those of the connected components; an overflow comes exactly when
    these have more events than allowed."""
    graph = nx.Graph(links)
    graph.add_nodes_from(start)
    graph.add_edges_from((node, ("event", position)) for node, position in events)
    parts = [nx.node_connected_component(graph, node) for node in start]
    expected = set().union(*parts)
    positions = {each[1] for each in expected if isinstance(each, tuple)}
    folder = tmp_path_factory.mktemp("lane")
    with Ledger.open(f"sqlite:///{folder}/ledger.db") as ledger:
        ledger.lane.learn(events, links)
        found = ledger.lane.reach(start, most=most)
    assert (len(positions) > most) == found.overflow
    if found.overflow:
        assert most < len(found.positions)
        assert set(found.positions) <= positions
        assert found.nodes <= expected
    else:
        assert tuple(sorted(positions)) == found.positions
        assert {each for each in expected if isinstance(each, int)} == found.nodes


TABLES = {"upsert_contact": contact, "create_task": task}
CHANGES = st.tuples(
    st.just("change"),
    st.sampled_from(sorted(TABLES)),
    st.integers(0, 3),  # the effect
    st.one_of(st.none(), st.integers(0, 2)),  # whose it is from now on
    st.sampled_from(["Ada", "Grace"]),
)
STEPS = st.lists(
    st.one_of(
        CHANGES,
        CHANGES,
        st.tuples(st.sampled_from(["lane", "lane", "build", "enqueue", "deliver"])),
    ),
    max_size=40,
)


class _World:
    """A log of changes, a lane that follows it, and a batch that is always a bit behind."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.versions = [{}]  # of all tables, by log position
        self.touched = [set()]
        self.built = 0
        self.enqueued = 0

    def change(self, action, effect, person, name):
        key = (action, f"effect-{effect}")
        before, after = self.versions[-1], dict(self.versions[-1])
        after.pop(key, None)
        if person is not None:
            properties = {"firstname": name, "owner": f"person-{person}"}
            after[key] = TABLES[action](person, entity_key=key[1], payload_hash=f"{properties}")
        owners = {row.person_id for each in (before, after) if (row := each.get(key))}
        self.versions.append(after)
        self.touched.append(owners)

    def rows(self, position, action):
        return tuple(row for row in self.versions[position].values() if row.action == action)

    def lane(self):
        after, head = self.ledger.lane.position(), len(self.versions) - 1
        people = frozenset().union(*self.touched[after + 1 :])
        tables = tuple(
            LaneTable(
                "hubspot",
                action,
                tuple(row for row in self.rows(head, action) if row.person_id in people),
            )
            for action in TABLES
        )
        self.ledger.lane.apply(LaneNews(after, head, people, tables), now=NOON)

    def build(self):
        self.built = len(self.versions) - 1

    def enqueue(self):
        self.enqueued = self.built
        self.ledger.apply_consents([], NOON, as_of=self.built)
        for action in TABLES:
            self.ledger.enqueue(
                self.rows(self.built, action),
                destination="hubspot",
                action=action,
                now=NOON,
                as_of=self.built,
            )
        self.ledger.lane.settle(("hubspot", action) for action in TABLES)

    def deliver(self):
        time = ManualTime()
        dispatcher = Dispatcher(
            self.ledger,
            {"hubspot": ScriptedConnector()},
            clock=time,
            rng=seeded(),
            sleep=time.sleep,
        )
        try:
            asyncio.run(dispatcher.drain(timedelta(seconds=30)))
        finally:
            dispatcher.close()

    @property
    def newest(self):
        return self.versions[max(self.ledger.lane.position(), self.enqueued)]


@settings(max_examples=150)
@given(steps=STEPS)
def test_the_newest_knowledge_of_each_person_counts(steps, tmp_path_factory):
    """However complete tables and news of the lane follow each other: what is queued or was
    delivered is what the newest of them wants, and no event has two rows."""
    folder = tmp_path_factory.mktemp("lane")
    with Ledger.open(f"sqlite:///{folder}/ledger.db") as ledger:
        world = _World(ledger)
        for name, *arguments in steps:
            getattr(world, name)(*arguments)
        rows = ledger.find()
        queued = {(row.action, row.entity_key): row for row in rows if row.state is State.PENDING}
        sent = {(row.action, row.entity_key): row for row in rows if row.state is State.DELIVERED}
        contacts = {key for key in world.newest if key[0] == "upsert_contact"}
        keys = [f"effect-{number}" for number in range(4)]
        alive = ledger.alive("hubspot", "upsert_contact", keys)
        assert {key for _, key in contacts} == alive
        for key in contacts:
            assert world.newest[key].payload_hash == queued.get(key, sent.get(key)).payload_hash
        tasks = {key for key in world.newest if key[0] == "create_task"}
        events = [row.entity_key for row in rows if row.mode == "event"]
        assert tasks - sent.keys() == {key for key in queued if key[0] == "create_task"}
        assert len(set(events)) == len(events)
        for key in tasks - sent.keys():
            assert world.newest[key].person_id == queued[key].person_id
        assert ledger.counts().balanced
