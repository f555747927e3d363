"""Current consent, as the ledger was last told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, and_, case, exists, or_, select, tuple_, update

from reverse_etl import catalogue
from reverse_etl.ledger import positions
from reverse_etl.ledger.engine import upsert, within
from reverse_etl.ledger.schema import consents, deliveries
from reverse_etl.ledger.scope import EVERYBODY, Scope, of_complete
from reverse_etl.model import ConsentRow, ConsentStatus, Delivery, State

_Key = tuple[str, str]  # person_id, purpose
_QUEUED = (State.PENDING, State.HELD)


def current_statuses(
    connection: Connection, people: Collection[str] | None = None
) -> dict[_Key, ConsentStatus]:
    """The statuses we know of these people, by default of all, by person and purpose."""
    return {key: status for key, (status, _) in _known(connection, people).items()}


def statuses_for(
    connection: Connection, rows: Iterable[Delivery]
) -> dict[_Key, tuple[ConsentStatus, str | None]]:
    """Status and consent id of the people in a batch."""
    c = consents.c
    keys = sorted({(row.person_id, row.purpose) for row in rows})
    query = select(c.person_id, c.purpose, c.status, c.consent_id).where(
        tuple_(c.person_id, c.purpose).in_(keys)
    )
    return {
        (row[0], row[1]): (cast(ConsentStatus, row[2]), row[3]) for row in connection.execute(query)
    }


def apply_complete(
    connection: Connection, rows: Sequence[ConsentRow], now: datetime, as_of: int | None
) -> int:
    """See Ledger.apply_consents."""
    cancelled = apply(connection, rows, now, of_complete(connection, positions.CONSENTS, as_of))
    if as_of is not None:
        positions.advance(connection, positions.CONSENTS, as_of)
    return cancelled


def apply(
    connection: Connection,
    rows: Sequence[ConsentRow],
    now: datetime,
    scope: Scope = EVERYBODY,
    destinations: Collection[str] | None = None,
) -> int:
    """Store what changed about the people in scope, and cancel what is queued without consent at
    these destinations, by default at all; how many were cancelled."""
    known = _known(connection, scope.people)
    changed = [
        row
        for row in rows
        if scope.covers(row.person_id)
        and known.get((row.person_id, row.purpose)) != (row.status, row.consent_id)
    ]
    upsert(connection, consents, [_values(row) for row in changed])
    return _cancel(connection, now, scope.people, destinations)


def queued_at(connection: Connection, people: Collection[str]) -> frozenset[str]:
    """The destinations at which something is queued for these people."""
    d = deliveries.c
    return frozenset(
        destination
        for theirs in within(d.person_id, people)
        for destination in connection.scalars(
            select(d.destination).where(theirs, d.state.in_(_QUEUED)).distinct()
        )
    )


def _known(
    connection: Connection, people: Collection[str] | None
) -> dict[_Key, tuple[ConsentStatus, str | None]]:
    c = consents.c
    query = select(c.person_id, c.purpose, c.status, c.consent_id)
    return {
        (row[0], row[1]): (cast(ConsentStatus, row[2]), row[3])
        for theirs in within(c.person_id, people)
        for row in connection.execute(query.where(theirs))
    }


def _values(row: ConsentRow) -> dict[str, object]:
    return {
        "person_id": row.person_id,
        "purpose": row.purpose,
        "status": row.status,
        "consent_id": row.consent_id,
        "decided_at": row.decided_at,
    }


def _cancel(
    connection: Connection,
    now: datetime,
    people: Collection[str] | None,
    destinations: Collection[str] | None,
) -> int:
    c, d = consents.c, deliveries.c
    same = and_(c.person_id == d.person_id, c.purpose == d.purpose)
    withdrawn = exists().where(same, c.status == "withdrawn")
    missing = exists().where(same, c.status == "missing")
    code = case((withdrawn, catalogue.CONSENT_WITHDRAWN), else_=catalogue.CONSENT_MISSING)
    change = (
        update(deliveries)
        .where(d.state.in_(_QUEUED), or_(withdrawn, missing))
        .values(state=State.CANCELLED, code=code, updated_at=now)
    )
    if destinations is not None:
        change = change.where(d.destination.in_(sorted(destinations)))
    pages = within(d.person_id, people)
    return sum(connection.execute(change.where(theirs)).rowcount for theirs in pages)
