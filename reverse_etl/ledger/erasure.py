"""Taking people out of the ledger. Rows, states, times and keys stay, so that law 8 holds and no
event is ever sent twice; what they said and what destinations called them goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, Row, Table, bindparam, delete, func, select, update

from reverse_etl import catalogue
from reverse_etl.ledger import lane_index
from reverse_etl.ledger.engine import reading, writing
from reverse_etl.ledger.schema import (
    attempts,
    audit,
    awaited,
    consents,
    deliveries,
    entities,
    lane_claimed_nodes,
    lane_events,
    lane_links,
    lane_people,
    snapshots,
)
from reverse_etl.model import State

ERASED_TEXT: Final = "(erased)"
EMPTY_PAYLOAD: Final = "{}"

_OPEN: Final = (State.PENDING, State.HELD, State.UNKNOWN, State.IN_FLIGHT)
_PAGE: Final = 2_000
# Where somebody may be named in a row that is not theirs, or in a key.
_TEXTS: Final[tuple[tuple[Table, tuple[str, ...]], ...]] = (
    (deliveries, ("payload", "message", "external_id", "vendor_id", "entity_key", "consent_id",
                  "correlation_id", "order_key")),
    (attempts, ("request", "response", "correlation_id")),
    (audit, ("reason",)),
    (snapshots, ("fields", "entity_key")),
)  # fmt: skip
_SCRUBBED: Final = (
    deliveries, attempts, entities, consents, audit, snapshots, awaited, lane_people, lane_events,
    lane_links, lane_claimed_nodes,
)  # fmt: skip
_KEYS: Final = frozenset({"entity_key", "consent_id", "correlation_id", "order_key"})


class Names(Protocol):
    """What people are known by, in text."""

    def masked_text(self, text: str) -> str:
        """A text without them."""

    def stands_in(self, text: str) -> bool:
        """Whether a text that is their own holds it, be it as part of a word."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were emptied or (`lane_people`, `lane_index`) deleted, by table, and how many
    deliveries were cancelled."""

    deliveries: int = 0
    attempts: int = 0
    entities: int = 0
    cancelled: int = 0
    masked: int = 0
    lane_people: int = 0
    lane_index: int = 0


class Erasure:
    """Erasing from a ledger. Methods raise LedgerUnavailableError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cancel(self, persons: Collection[str], now: datetime) -> int:
        """Cancel what is queued for these people and withdraw their consent; how many of their
        rows are being sent at this moment."""
        with writing(self._engine) as connection:
            return _cancel(connection, persons, now)

    def erase(
        self,
        persons: Collection[str],
        named: Names,
        now: datetime,
        *,
        positions: Collection[int] = (),
    ) -> Erased:
        """Take people, who are `named` so in text, out of everything the ledger holds; accounts
        and keys stay. `positions`: of the events of the log that are theirs. Repeatable."""
        with writing(self._engine) as connection:
            return _erase(connection, persons, named, now, positions)

    def names(self, masked: Callable[[str], str]) -> bool:
        """Whether anything in the ledger changes when people are masked."""
        with reading(self._engine) as connection:
            return _names(connection, masked)

    def scrub(self) -> None:
        """Write the ledger's file anew, so that nothing that was erased lingers in free space."""
        _scrub(self._engine)


def _cancel(connection: Connection, persons: Collection[str], now: datetime) -> int:
    """See Erasure.cancel."""
    d, c = deliveries.c, consents.c
    theirs = d.person_id.in_(sorted(persons))
    connection.execute(
        update(deliveries)
        .where(theirs, d.state.in_([State.PENDING, State.HELD]))
        .values(state=State.CANCELLED, code=catalogue.ERASED, updated_at=now)
    )
    connection.execute(delete(awaited).where(awaited.c.person_id.in_(sorted(persons))))
    connection.execute(
        update(consents)
        .where(c.person_id.in_(sorted(persons)))
        .values(status="withdrawn", consent_id=None, decided_at=now)
    )
    sending = select(func.count()).where(theirs, d.state == State.IN_FLIGHT)
    return int(connection.scalar(sending) or 0)


def _erase(
    connection: Connection,
    persons: Collection[str],
    named: Names,
    now: datetime,
    positions: Collection[int],
) -> Erased:
    """See Erasure.erase."""
    _overwrite_what_is_freed(connection)
    _cancel(connection, persons, now)
    ids = _emptied(connection, persons, now)
    tries = _empty_attempts(connection, ids)
    known = _empty_entities(connection, persons, ids, named)
    _hide_keys(connection, ids, named)
    changed = sum(_mask(connection, table, names, named.masked_text) for table, names in _TEXTS)
    cancelled = _count_cancelled(connection, persons)
    theirs = lane_people.c.person_id.in_(sorted(persons))
    told = connection.execute(delete(lane_people).where(theirs)).rowcount
    index = lane_index.erase(connection, positions)
    return Erased(len(ids), tries, known, cancelled, changed, told, index)


def _names(connection: Connection, masked: Callable[[str], str]) -> bool:
    """See Erasure.names."""
    return any(
        (text := getattr(row, name)) is not None and masked(text) != text
        for table, columns in _TEXTS
        for row in _rows(connection, table, columns)
        for name in columns
    )


def _scrub(engine: Engine) -> None:
    """See Erasure.scrub. PostgreSQL frees the space of old rows; its server overwrites it."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        else:
            for table in _SCRUBBED:
                connection.exec_driver_sql(f"VACUUM {table.name}")


def _overwrite_what_is_freed(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def _emptied(connection: Connection, persons: Collection[str], now: datetime) -> Sequence[int]:
    """Empty the rows of these people; what is still open is cancelled, sent or not."""
    d = deliveries.c
    theirs = d.person_id.in_(sorted(persons))
    ids = connection.scalars(select(d.id).where(theirs)).all()
    connection.execute(
        update(deliveries)
        .where(theirs, d.state.in_(_OPEN))
        .values(state=State.CANCELLED, code=catalogue.ERASED, lease=None, lease_until=None)
        .values(updated_at=now)
    )
    connection.execute(
        update(deliveries)
        .where(theirs)
        .values(payload=EMPTY_PAYLOAD, payload_hash=ERASED_TEXT, external_id=None, vendor_id=None)
        .values(message=None, consent_id=None, consent_status="withdrawn")
    )
    return ids


def _hide_keys(connection: Connection, ids: Sequence[int], named: Names) -> None:
    """Keys that name them give way to hashes, which are as unique."""
    d = deliveries.c
    for page in _pages(ids):
        columns = [d.id, *(d[name] for name in sorted(_KEYS))]
        rows = connection.execute(select(*columns).where(d.id.in_(page))).all()
        for row in rows:
            hidden = {
                name: _hidden(text)
                for name in _KEYS
                if (text := getattr(row, name)) is not None and named.stands_in(text)
            }
            if hidden:
                connection.execute(update(deliveries).where(d.id == row.id).values(hidden))
        tries = select(attempts.c.correlation_id).where(attempts.c.delivery_id.in_(page)).distinct()
        for text in connection.scalars(tries).all():
            if named.stands_in(text):
                same = attempts.c.correlation_id == text
                connection.execute(
                    update(attempts).where(same).values(correlation_id=_hidden(text))
                )


def _hidden(text: str) -> str:
    return "erased-" + hashlib.sha256(text.encode()).hexdigest()[:40]


def _empty_attempts(connection: Connection, ids: Sequence[int]) -> int:
    emptied = 0
    for page in _pages(ids):
        chosen = update(attempts).where(attempts.c.delivery_id.in_(page))
        emptied += connection.execute(
            chosen.values(request=ERASED_TEXT, response=ERASED_TEXT)
        ).rowcount
    return emptied


def _empty_entities(
    connection: Connection, persons: Collection[str], ids: Sequence[int], named: Names
) -> int:
    """What destinations hold of them: their ids there, and what was last delivered."""
    d, e = deliveries.c, entities.c
    keys = set(persons)
    for page in _pages(ids):
        keys.update(connection.scalars(select(d.entity_key).where(d.id.in_(page))))
    for page in _pages(sorted(keys)):
        connection.execute(delete(snapshots).where(snapshots.c.entity_key.in_(page)))
    emptied = 0
    for page in _pages(sorted(keys)):
        chosen = update(entities).where(e.entity_key.in_(page))
        emptied += connection.execute(chosen.values(vendor_id=None, payload_hash=None)).rowcount
    for key in filter(named.stands_in, keys):
        renamed = update(entities).where(e.entity_key == key)
        connection.execute(renamed.values(entity_key=_hidden(key)))
    return emptied


def _count_cancelled(connection: Connection, persons: Collection[str]) -> int:
    d = deliveries.c
    query = select(func.count()).where(d.person_id.in_(sorted(persons)), d.code == catalogue.ERASED)
    return int(connection.scalar(query) or 0)


def _mask(
    connection: Connection, table: Table, names: Sequence[str], masked: Callable[[str], str]
) -> int:
    """Mask mentions in any row of a table; returns in how many."""
    changed: list[dict[str, Any]] = []
    for row in _rows(connection, table, names):
        new = {name: _without(name, getattr(row, name), masked) for name in names}
        if any(new[name] != getattr(row, name) for name in names):
            changed.append({"at": row.id, **{f"new_{name}": new[name] for name in names}})
    if changed:
        columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(
            update(table).where(table.c.id == bindparam("at")).values(columns), changed
        )
    return len(changed)


def _without(name: str, text: str | None, masked: Callable[[str], str]) -> str | None:
    """A text without the person; a key that names them gives way to a hash, which stays unique."""
    if text is None or (new := masked(text)) == text:
        return text
    return _hidden(text) if name in _KEYS else new


def _rows(connection: Connection, table: Table, names: Sequence[str]) -> Iterator[Row[Any]]:
    after = 0
    columns = [table.c.id, *(table.c[name] for name in names)]
    while True:
        query = select(*columns).where(table.c.id > after).order_by(table.c.id).limit(_PAGE)
        page = connection.execute(query).all()
        if not page:
            return
        yield from page
        after = page[-1].id


def _pages(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))
