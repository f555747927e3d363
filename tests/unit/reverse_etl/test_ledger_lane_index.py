"""The fast lane's index: what hangs together with an entity."""

from __future__ import annotations

import pytest

LOW, HIGH = -(2**63), 2**63 - 1


def reach(ledger, *nodes, most=100):
    return ledger.lane.reach(nodes, most=most)


def test_events_and_links_lead_on_in_both_directions(ledger):
    """From one entity to its events, to what else these are about, over links either way."""
    ledger.lane.learn([(1, 10), (2, 10), (2, 11), (4, 12), (9, 99)], [(3, 2), (3, 4)])
    for start in (1, 2, 3, 4):
        found = reach(ledger, start)
        assert ({1, 2, 3, 4}, (10, 11, 12), False) == (
            found.nodes, found.positions, found.overflow,
        )  # fmt: skip


def test_several_entities_at_once(ledger):
    """They need not hang together; who has no event is found all the same."""
    ledger.lane.learn([(1, 10), (LOW, 12), (HIGH, 12)], [])
    found = reach(ledger, 1, LOW, 7)
    assert ({1, 7, LOW, HIGH}, (10, 12)) == (found.nodes, found.positions)
    assert (frozenset(), ()) == (reach(ledger).nodes, reach(ledger).positions)


@pytest.mark.parametrize(("most", "overflow"), [(29, True), (30, False)])
def test_too_much_is_told(ledger, most, overflow):
    """As many events as are allowed are found; one more is an overflow."""
    chain = [(node, node + step) for node in range(29) for step in (0, 1)]
    ledger.lane.learn(chain, [])
    found = reach(ledger, 15, most=most)
    assert overflow == found.overflow
    assert overflow or tuple(range(30)) == found.positions


def test_a_crowded_entity_is_not_read_to_its_end(ledger):
    """An entity with very many events overflows on the first of them."""
    ledger.lane.learn(((1, position) for position in range(25_000)), [])
    found = reach(ledger, 1, most=10)
    assert (True, 11) == (found.overflow, len(found.positions))


def test_events_about_many_entities_count_once(ledger):
    """However many of the entities an event is about, it is one of those allowed."""
    crowd = [(node, position) for node in range(9) for position in (1, 2)]
    ledger.lane.learn([*crowd, (8, 3)], [])
    found = reach(ledger, *range(9), most=3)
    assert ((1, 2, 3), False) == (found.positions, found.overflow)


def test_many_entities_in_a_round(ledger):
    """More of them than fit into one statement."""
    ledger.lane.learn(((node, node % 7) for node in range(12_000)), [])
    found = reach(ledger, 0)
    assert 12_000 // 7 + 1 == len(found.nodes)
    found = ledger.lane.reach(range(12_000), most=7)
    assert (tuple(range(7)), 12_000) == (found.positions, len(found.nodes))


def test_learning_twice_is_learning_once(ledger):
    """What is known stays as it is, within a page and across pages."""
    events, links = [(1, 10), (2, 10), (1, 10)], [(2, 3), (2, 3)]
    ledger.lane.learn(events, links)
    before = reach(ledger, 1)
    ledger.lane.learn(iter(events), iter(links))
    assert before == reach(ledger, 1)
    assert {1, 2, 3} == before.nodes


def test_the_index_can_be_forgotten(ledger):
    """Afterwards an entity is alone; the lane's position stays."""
    ledger.lane.begin(10)
    ledger.lane.learn([(1, 10), (2, 10)], [(2, 3)])
    ledger.lane.forget()
    assert ({1}, ()) == (reach(ledger, 1).nodes, reach(ledger, 1).positions)
    assert 10 == ledger.lane.position()
