"""Connected components by union-find, against networkx."""

from __future__ import annotations

from itertools import pairwise

import networkx
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.functions.components import components_apart, connected_components

COUNT = 30
NODES = st.integers(0, COUNT - 1)
PAIRS = st.lists(st.tuples(NODES, NODES))


def groups(edges: list[tuple[int, int]]) -> list[int]:
    """The smallest node of each node's group, as networkx finds it."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(COUNT))
    graph.add_edges_from(edges)
    smallest = {
        node: min(group) for group in networkx.connected_components(graph) for node in group
    }
    return [smallest[node] for node in range(COUNT)]


def joined(edges: list[tuple[int, int]], apart: list[tuple[int, int]]) -> list[int]:
    return components_apart(
        COUNT,
        [one for one, _ in edges],
        [other for _, other in edges],
        [one for one, _ in apart],
        [other for _, other in apart],
    )


@given(PAIRS)
def test_components_equal_networkx(edges: list[tuple[int, int]]) -> None:
    """Whatever the edges, each node gets the smallest node of its group."""
    ones, others = [one for one, _ in edges], [other for _, other in edges]
    assert groups(edges) == connected_components(COUNT, ones, others)


@given(PAIRS)
def test_without_strangers_both_find_the_same(edges: list[tuple[int, int]]) -> None:
    """Where nothing stays apart, the order of edges does not matter."""
    assert groups(edges) == joined(edges, [])


@given(PAIRS, PAIRS)
def test_strangers_never_meet(edges: list[tuple[int, int]], apart: list[tuple[int, int]]) -> None:
    """No pair ends in one group; an edge is left out only when it would bring a pair together."""
    found = joined(edges, apart)
    assert all(found[one] != found[other] for one, other in apart if one != other)
    assert all(found[node] == min(n for n in range(COUNT) if found[n] == found[node])
               for node in range(COUNT))  # fmt: skip
    strangers = {frozenset((found[one], found[other])) for one, other in apart}
    for one, other in edges:
        pair = frozenset((found[one], found[other]))
        assert len(pair) == 1 or pair in strangers


def test_an_earlier_edge_wins() -> None:
    """A node between two strangers goes with the edge that counts first."""
    assert joined([(0, 1), (1, 2)], [(0, 2)])[:3] == [0, 0, 2]
    assert joined([(1, 2), (0, 1)], [(0, 2)])[:3] == [0, 1, 1]


def test_a_chain_of_a_million_links_is_one_component() -> None:
    """No recursion and no quadratic walk."""
    chain = list(pairwise(range(1_000_000)))[::-1]
    ones, others = [one for one, _ in chain], [other for _, other in chain]
    assert set(connected_components(1_000_000, ones, others)) == {0}
