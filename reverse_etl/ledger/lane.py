"""The fast lane's part of the ledger: how far it is, what it finds people's events by, and what it
told, all in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, delete

from reverse_etl.ledger import consents, lane_claims, lane_index, positions, scope
from reverse_etl.ledger.engine import reading, writing
from reverse_etl.ledger.enqueue import enqueue
from reverse_etl.ledger.lane_claims import Asking, Held, Stand
from reverse_etl.ledger.lane_index import Pair, Reached
from reverse_etl.ledger.schema import lane_people
from reverse_etl.ledger.scope import Scope
from reverse_etl.model import ActivationRow, Admission, ConsentRow
from reverse_etl.reports import EnqueueReport

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

    @property
    def is_shared(self) -> bool:
        """Whether workers on other machines may work on it too."""
        return self._engine.dialect.name != "sqlite"

    def position(self) -> int:
        """Up to where the lane has worked off the log, without a gap; 0 when it never did."""
        with reading(self._engine) as connection:
            return positions.of(connection, positions.FAST_LANE)

    def begin(self, position: int) -> None:
        """Start behind this position, unless somebody has begun; what lies before it is the
        batch's."""
        with writing(self._engine, _TURN) as connection:
            if lane_claims.stand(connection).top == 0:
                positions.put(connection, positions.FAST_LANE, position)

    def stand(self) -> Stand:
        """How far the lane is, and what its workers have in hand."""
        with reading(self._engine) as connection:
            return lane_claims.stand(connection)

    def take(self, asking: Asking, *, head: int, most: int) -> Stand:
        """Take over what is free, else claim the next events up to position `head`, at most so
        many; how it stands then."""
        with writing(self._engine, _TURN) as connection:
            return lane_claims.take(connection, asking, head, most)

    def split(self, asking: Asking, after: int, last: int, *, middle: int) -> None:
        """Make two claims of one, or of events that nobody claimed. Raises LaneOvertakenError."""
        with writing(self._engine, _TURN) as connection:
            lane_claims.split(connection, asking, after, last, middle)

    def hold(
        self,
        owner: str,
        last: int,
        nodes: Collection[int],
        *,
        noted: Collection[int] = (),
        known: Collection[int] = (),
        most: int,
    ) -> Held:
        """As `reach`, and keep for the claim that ends there whom it is about, unless events are
        missing or somebody before it is about the same. Raises LaneOvertakenError."""
        with writing(self._engine, _TURN) as connection:
            return lane_claims.hold(
                connection, owner, last, nodes, noted=noted, known=known, most=most
            )

    def release(self, owner: str) -> None:
        """A worker ends: others take over at once what it has in hand."""
        with writing(self._engine, _TURN) as connection:
            lane_claims.release(connection, owner)

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

    def apply(
        self, news: LaneNews, *, now: datetime, owner: str | None = None
    ) -> dict[tuple[str, str], EnqueueReport]:
        """Record all of it or, on any error, nothing; what enqueueing did, by destination and
        action. Tables that a batch has told as of the same position or a later one are left out.
        `owner`: who claimed these events; None where nobody did.

        Raises LaneOvertakenError when somebody else has these events in hand or applied them.
        """
        destinations = self._destinations(news)
        with writing(self._engine, _TURN, *destinations) as connection:
            return _apply(connection, news, destinations, now, owner)

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
    connection: Connection,
    news: LaneNews,
    destinations: Collection[str],
    now: datetime,
    owner: str | None,
) -> dict[tuple[str, str], EnqueueReport]:
    reached = positions.all_of(connection)
    before = Stand(reached.get(positions.FAST_LANE, 0), lane_claims.claims(connection))
    stand = lane_claims.end(connection, before, owner, news.after, news.position)
    told_about = _people(connection, news, before)
    if news.consents and reached.get(positions.CONSENTS, 0) < news.position:
        consents.apply(connection, news.consents, now, told_about, destinations)
    # Questions first: other rows wait for what is asked about their person.
    ordered = sorted(news.tables, key=lambda table: table.admission.asks is None)
    told = {
        (table.destination, table.action): _enqueue(connection, table, told_about, now)
        for table in ordered
        if reached.get(positions.table(table.destination, table.action), 0) < news.position
    }
    lane_index.learn(connection, news.events, news.links)
    positions.raise_to(connection, lane_people, dict.fromkeys(news.people, news.position))
    positions.put(connection, positions.FAST_LANE, stand.position)
    return told


def _people(connection: Connection, news: LaneNews, before: Stand) -> Scope:
    """Claims that passed are about different people. Only where the models say of events something
    else than they said before (a new publication came in between) may somebody be told about
    already by what comes later: that stays."""
    later = any(each.applied and each.last > news.position for each in before.claims)
    newer = scope.told_since(connection, news.position, news.people) if later else frozenset()
    return Scope(news.people, newer)


def _enqueue(
    connection: Connection, table: LaneTable, told_about: Scope, now: datetime
) -> EnqueueReport:
    return enqueue(
        connection,
        table.rows,
        destination=table.destination,
        action=table.action,
        now=now,
        admission=table.admission,
        scope=told_about,
    )
