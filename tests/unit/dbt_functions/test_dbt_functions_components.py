"""Connected components by union-find, against networkx."""

from __future__ import annotations

from itertools import pairwise

import networkx
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.functions.components import connected_components

NODES = [f"n{number:02d}" for number in range(30)]
EDGES = st.lists(st.lists(st.sampled_from(NODES), min_size=2, max_size=2))


@given(st.permutations(NODES), EDGES)
def test_components_equal_networkx(nodes: list[str], edges: list[list[str]]) -> None:
    """Whatever the order of nodes and edges, each node gets the smallest node of its group."""
    graph = networkx.Graph()
    graph.add_nodes_from(NODES)
    graph.add_edges_from(edges)
    expected = {
        node: min(group) for group in networkx.connected_components(graph) for node in group
    }
    assert dict(zip(nodes, connected_components(nodes, edges), strict=True)) == expected


def test_a_chain_of_a_million_links_is_one_component() -> None:
    """No recursion and no quadratic walk."""
    nodes = [f"{number:07d}" for number in range(1_000_000)]
    chain = [[one, other] for one, other in pairwise(nodes)]
    assert set(connected_components(nodes, chain[::-1])) == {nodes[0]}
