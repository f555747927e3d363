"""New events by whom they are about, and which of these people have too many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

Pairs = Sequence[tuple[int, int]]


@dataclass(slots=True)
class Group:
    """Nodes that hang together, and the positions of the events about them."""

    nodes: set[int] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)


def groups(about: Pairs, links: Pairs) -> list[Group]:
    """`about`: node and position, `links`: node and node."""
    found: dict[int, Group] = {}
    by_position: dict[int, int] = {}
    for node, position in about:
        group = _join(found, node, by_position.setdefault(position, node))
        group.positions.add(position)
    for node, linked in links:
        _join(found, node, linked)
    return list({id(group): group for group in found.values()}.values())


def _join(found: dict[int, Group], one: int, other: int) -> Group:
    """The smaller of two groups becomes part of the larger one."""
    small, large = sorted(
        (found.setdefault(node, Group({node})) for node in (one, other)),
        key=lambda group: len(group.nodes),
    )
    if small is not large:
        large.nodes |= small.nodes
        large.positions |= small.positions
        found.update(dict.fromkeys(small.nodes, large))
    return large


def too_large(
    among: Sequence[Group], overflows: Callable[[Collection[int]], bool]
) -> Iterable[Group]:
    """Those that are too large by themselves; many are asked about at once, so that the few are
    found in few questions (`overflows`: whether these nodes together have too many events)."""
    if not among or not overflows(set().union(*(group.nodes for group in among))):
        return
    if len(among) == 1:
        yield among[0]
        return
    middle = len(among) // 2
    yield from too_large(among[:middle], overflows)
    yield from too_large(among[middle:], overflows)
