"""Connected components by union-find, with and without pairs that must stay apart.

DuckDB's recursive ``using key`` can express this in SQL, but 1.5.5 loses updates when it runs on
more than one thread: 2 of 60 random graphs came out wrong, and not the same ones each time.
"""

from __future__ import annotations

from collections.abc import Sequence


def connected_components(count: int, ones: Sequence[int], others: Sequence[int]) -> list[int]:
    """For each of the nodes 0 … count - 1 the smallest node it is linked with, over chains of any
    length. The edges lead from each of ``ones`` to its partner in ``others``; neither their order
    nor their direction matters. Numbers, since a million texts take seconds to hand over.

    >>> connected_components(4, [2, 1], [1, 0])
    [0, 0, 0, 3]
    """
    parent = list(range(count))
    for one, other in zip(ones, others, strict=True):
        first, second = _root(parent, one), _root(parent, other)
        if first < second:
            parent[second] = first
        elif second < first:
            parent[first] = second
    for node in range(count):  # a parent is never larger than its child
        parent[node] = parent[parent[node]]
    return parent


def components_apart(
    count: int,
    ones: Sequence[int],
    others: Sequence[int],
    apart_ones: Sequence[int],
    apart_others: Sequence[int],
) -> list[int]:
    """Like ``connected_components``, but a node of ``apart_ones`` never meets its partner in
    ``apart_others``. An edge that would bring two such together is left out, so that an earlier
    edge wins over a later one. A node is not kept apart from itself.

    >>> components_apart(3, [0, 1], [1, 2], [0], [2])
    [0, 0, 2]
    """
    parent = list(range(count))
    kept_from: dict[int, set[int]] = {}
    for one, other in zip(apart_ones, apart_others, strict=True):
        if one != other:
            kept_from.setdefault(one, set()).add(other)
            kept_from.setdefault(other, set()).add(one)
    for one, other in zip(ones, others, strict=True):
        first, second = sorted((_root(parent, one), _root(parent, other)))
        if first != second and second not in kept_from.get(first, ()):
            parent[second] = first
            _inherit(kept_from, first, second)
    return [_root(parent, node) for node in range(count)]


def _inherit(kept_from: dict[int, set[int]], root: int, joined: int) -> None:
    """The grown component keeps away from whatever either part kept away from."""
    strangers = kept_from.pop(joined, set())
    if strangers:
        kept_from.setdefault(root, set()).update(strangers)
    for stranger in strangers:
        kept_from[stranger].discard(joined)
        kept_from[stranger].add(root)


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]  # halves the path for whoever comes next
        node = parent[node]
    return node
