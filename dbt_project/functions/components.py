"""Connected components by union-find.

DuckDB's recursive ``using key`` can express this in SQL, but 1.5.5 loses updates when it runs on
more than one thread: 2 of 60 random graphs came out wrong, and not the same ones each time.
"""

from __future__ import annotations

from collections.abc import Sequence


def connected_components(nodes: Sequence[str], edges: Sequence[Sequence[str]]) -> list[str]:
    """For each node the smallest node it is linked with, over chains of any length.

    ``edges`` are pairs in either direction; the order of nodes and edges does not matter.

    >>> connected_components(["a", "b", "c", "d"], [["c", "b"], ["b", "a"]])
    ['a', 'a', 'a', 'd']
    """
    parent = {node: node for node in nodes}
    for one, other in edges:
        first, second = _root(parent, one), _root(parent, other)
        if first < second:
            parent[second] = first
        elif second < first:
            parent[first] = second
    return [_root(parent, node) for node in nodes]


def _root(parent: dict[str, str], node: str) -> str:
    while parent[node] != node:
        parent[node] = parent[parent[node]]  # halves the path for whoever comes next
        node = parent[node]
    return node
