"""Trees of parents, as people write them: some lead back to where they started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SOUND: Final = "sound"
CYCLE: Final = "cycle"
TOO_DEEP: Final = "too_deep"


def parent_verdicts(parents: Sequence[int], deepest: int) -> list[str]:
    """For each node, whether its parent can stand: ``sound``, ``cycle`` or ``too_deep``.

    ``parents[node]`` is a node, or -1 for none. A node on a cycle has no sound parent; one that
    leads into a cycle keeps its own. Neither has one with more than ``deepest`` nodes above it.

    >>> parent_verdicts([1, 2, 1, -1], 9)
    ['sound', 'cycle', 'cycle', 'sound']
    """
    verdicts = [SOUND] * len(parents)
    for node in _on_cycles(parents):
        verdicts[node] = CYCLE
    depths: dict[int, int] = {}
    for node in range(len(parents)):
        if _depth(node, parents, verdicts, depths) > deepest:
            verdicts[node] = TOO_DEEP
    return verdicts


def _on_cycles(parents: Sequence[int]) -> list[int]:
    """The nodes from which the way up leads back to themselves."""
    walked_in = [-1] * len(parents)  # the walk that came by first
    found: list[int] = []
    for start in range(len(parents)):
        node = start
        while node != -1 and walked_in[node] == -1:
            walked_in[node] = start
            node = parents[node]
        if node != -1 and walked_in[node] == start:
            first, node = node, parents[node]
            found.append(first)
            while node != first:
                found.append(node)
                node = parents[node]
    return found


def _depth(
    node: int, parents: Sequence[int], verdicts: Sequence[str], depths: dict[int, int]
) -> int:
    """How many nodes stand above; the way up ends where a cycle begins."""
    way: list[int] = []
    while node not in depths and parents[node] != -1 and verdicts[node] != CYCLE:
        way.append(node)
        node = parents[node]
    depth = depths.setdefault(node, 0)
    for step in reversed(way):
        depth += 1
        depths[step] = depth
    return depths[way[0]] if way else depth
