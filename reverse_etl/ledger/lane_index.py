"""Which entities the events of the log are about: what the fast lane finds people's events by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Table,
    bindparam,
    delete,
    literal_column,
    select,
    union_all,
)

from reverse_etl.ledger.engine import insert_or
from reverse_etl.ledger.schema import lane_events, lane_links

Pair = tuple[int, int]
_Each = TypeVar("_Each")
_INSERTED: Final = 50_000
_ASKED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Reached:
    """What hangs together with some entities: all of it, or with `overflow` only a part."""

    nodes: frozenset[int]
    positions: tuple[int, ...]
    overflow: bool


def learn(connection: Connection, events: Iterable[Pair], links: Iterable[Pair]) -> None:
    """Add what is not known yet: (node, position) of events, and pairs of nodes."""
    for table, page in pages(events, links):
        add(connection, table, page)


def pages(events: Iterable[Pair], links: Iterable[Pair]) -> Iterator[tuple[Table, list[Pair]]]:
    """What to add where, as much as fits into memory at once. In order: a large index is then
    written from its one end to the other, not here and there."""
    for table, pairs in ((lane_events, events), (lane_links, links)):
        yield from ((table, sorted(page)) for page in _pages(pairs, _INSERTED))


def add(connection: Connection, table: Table, page: Sequence[Pair]) -> None:
    """Add pairs that are not there yet."""
    first, second = (column.name for column in table.columns)
    rows = [{first: one, second: other} for one, other in page]
    connection.execute(insert_or(connection, table).on_conflict_do_nothing(), rows)


def forget(connection: Connection) -> None:
    """Empty the index."""
    for table in (lane_events, lane_links):
        connection.execute(delete(table))


def erase(connection: Connection, positions: Collection[int]) -> int:
    """Forget whom these events are about, and what hangs together with what only they are about;
    how many pairs."""
    nodes = _about(connection, positions)
    pairs = sum(
        connection.execute(delete(lane_events).where(lane_events.c.position.in_(page))).rowcount
        for page in _pages(positions, _ASKED)
    )
    for page in _pages(nodes, _ASKED):
        known = select(lane_events.c.node).where(lane_events.c.node.in_(page)).distinct()
        alone = set(page) - set(connection.scalars(known))
        theirs = lane_links.c.node.in_(alone) | lane_links.c.linked.in_(alone)
        pairs += connection.execute(delete(lane_links).where(theirs)).rowcount
    return pairs


def reach(connection: Connection, nodes: Collection[int], most: int) -> Reached:
    """See Lane.reach. Breadth first: two statements a round."""
    known, edge = set(nodes), set(nodes)
    positions: set[int] = set()
    while edge:
        linked: set[int] = set()
        new: set[int] = set()
        for page in _pages(edge, _ASKED):
            for is_node, number in connection.execute(_BESIDE, {"nodes": page, "most": most + 1}):
                (linked if is_node else new).add(number)
            if len(positions | new) > most:
                return Reached(frozenset(known), tuple(sorted(positions | new)), overflow=True)
        edge = (linked | _about(connection, new - positions)) - known
        positions |= new
        known |= edge
    return Reached(frozenset(known), tuple(sorted(positions)), overflow=False)


def _about(connection: Connection, positions: Collection[int]) -> set[int]:
    return {
        node
        for page in _pages(positions, _ASKED)
        for node in connection.scalars(_ABOUT, {"positions": page})
    }


def _pages(values: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    rest = iter(values)
    while page := list(islice(rest, size)):
        yield page


_NODES: BindParameter[list[int]] = bindparam("nodes", expanding=True)
_EVENTS = (  # distinct, so that one more than allowed proves that there are too many
    select(lane_events.c.position)
    .where(lane_events.c.node.in_(_NODES))
    .distinct()
    .limit(bindparam("most"))
    .subquery()
)
_BESIDE = union_all(
    select(literal_column("0"), _EVENTS.c.position),
    select(literal_column("1"), lane_links.c.linked).where(lane_links.c.node.in_(_NODES)),
    select(literal_column("1"), lane_links.c.node).where(lane_links.c.linked.in_(_NODES)),
)
_ABOUT = (
    select(lane_events.c.node)
    .where(lane_events.c.position.in_(bindparam("positions", expanding=True)))
    .distinct()
)
