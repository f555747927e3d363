"""The fast lane's part of the ledger: how far it is, what it finds people's events by, and what it
told, all in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, delete

from reverse_etl.errors import LaneOvertakenError
from reverse_etl.ledger import consents, lane_index, positions
from reverse_etl.ledger.engine import reading, writing
from reverse_etl.ledger.enqueue import enqueue
from reverse_etl.ledger.lane_index import Pair, Reached
from reverse_etl.ledger.schema import lane_people
from reverse_etl.ledger.scope import Scope
from reverse_etl.model import ActivationRow, Admission, ConsentRow, EnqueueReport

# Writers to the lane's own tables take turns like those to a destination. No destination is
# called so.
_TURN: Final = "the fast lane"


@dataclass(frozen=True, slots=True)
class LaneTable:
    """The rows of the people concerned in one activation table; none is an answer too."""

    destination: str
    action: str
    rows: tuple[ActivationRow, ...] = ()
    admission: Admission = field(default_factory=Admission)


@dataclass(frozen=True, slots=True)
class LaneNews:
    """What the events behind position `after`, up to `position`, lead to.

    `people`: everybody they touch, ids that a merge made aliases among them. `tables`: every table
    that is filled for them, also where these people have no row: what is not told here waits for
    the next complete table. `events` and `links` are for the index.
    """

    after: int
    position: int
    people: frozenset[str] = frozenset()
    tables: tuple[LaneTable, ...] = ()
    consents: tuple[ConsentRow, ...] = ()
    events: tuple[Pair, ...] = ()
    links: tuple[Pair, ...] = ()


class Lane:
    """The fast lane of a ledger. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def position(self) -> int:
        """Up to where the lane has worked off the log; 0 when it never did."""
        with reading(self._engine) as connection:
            return positions.of(connection, positions.FAST_LANE)

    def begin(self, position: int) -> None:
        """Start behind this position; what lies before it is the batch's."""
        with writing(self._engine, _TURN) as connection:
            positions.put(connection, positions.FAST_LANE, position)

    def learn(self, events: Iterable[Pair], links: Iterable[Pair]) -> None:
        """Add to the index (node, position) of events and pairs of nodes that hang together; what
        is known stays. Any number of them: page by page, each a transaction."""
        for table, page in lane_index.pages(events, links):
            with writing(self._engine, _TURN) as connection:
                lane_index.add(connection, table, page)

    def forget(self) -> None:
        """Empty the index."""
        with writing(self._engine, _TURN) as connection:
            lane_index.forget(connection)

    def reach(self, nodes: Collection[int], *, most: int) -> Reached:
        """All that hangs together with these nodes by events and links, and the positions of the
        events; it stops with `overflow` as soon as it has found more than `most` of them."""
        with reading(self._engine) as connection:
            return lane_index.reach(connection, nodes, most)

    def apply(self, news: LaneNews, *, now: datetime) -> dict[tuple[str, str], EnqueueReport]:
        """Record all of it or, on any error, nothing; what enqueueing did, by destination and
        action. Tables that a batch has told as of the same position or a later one are left out.

        Raises LaneOvertakenError when somebody else has moved the lane's position.
        """
        destinations = self._destinations(news)
        with writing(self._engine, _TURN, *destinations) as connection:
            return _apply(connection, news, destinations, now)

    def settle(self, tables: Iterable[tuple[str, str]]) -> int:
        """Forget whom the lane told about once consents and all of these complete tables
        (destination, action) are as new; how many people that are."""
        readers = {positions.table(*table) for table in tables} | {positions.CONSENTS}
        with writing(self._engine, _TURN) as connection:
            known = lane_people.c.position <= positions.least(connection, readers)
            return connection.execute(delete(lane_people).where(known)).rowcount

    def _destinations(self, news: LaneNews) -> frozenset[str]:
        """Whose rows may change. Where something is queued for these people only afterwards, its
        consent is checked when it is sent."""
        told = frozenset(table.destination for table in news.tables)
        if not news.consents:
            return told
        with reading(self._engine) as connection:
            return told | consents.queued_at(connection, news.people)


def _apply(
    connection: Connection, news: LaneNews, destinations: Collection[str], now: datetime
) -> dict[tuple[str, str], EnqueueReport]:
    reached = positions.all_of(connection)
    if (found := reached.get(positions.FAST_LANE, 0)) != news.after:
        raise LaneOvertakenError(
            f"The fast lane has come to position {found} of the log, not {news.after}."
        )
    scope = Scope(news.people)
    if news.consents and reached.get(positions.CONSENTS, 0) < news.position:
        consents.apply(connection, news.consents, now, scope, destinations)
    # Questions first: other rows wait for what is asked about their person.
    ordered = sorted(news.tables, key=lambda table: table.admission.asks is None)
    told = {
        (table.destination, table.action): _enqueue(connection, table, scope, now)
        for table in ordered
        if reached.get(positions.table(table.destination, table.action), 0) < news.position
    }
    lane_index.learn(connection, news.events, news.links)
    positions.raise_to(connection, lane_people, dict.fromkeys(news.people, news.position))
    positions.put(connection, positions.FAST_LANE, news.position)
    return told


def _enqueue(
    connection: Connection, table: LaneTable, scope: Scope, now: datetime
) -> EnqueueReport:
    return enqueue(
        connection,
        table.rows,
        destination=table.destination,
        action=table.action,
        now=now,
        admission=table.admission,
        scope=scope,
    )
