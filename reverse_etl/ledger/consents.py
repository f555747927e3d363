"""Current consent, as the ledger was last told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, and_, case, exists, or_, select, tuple_, update

from reverse_etl import catalogue
from reverse_etl.ledger.engine import upsert
from reverse_etl.ledger.schema import consents, deliveries
from reverse_etl.model import ConsentRow, ConsentStatus, Delivery, State

_Key = tuple[str, str]  # person_id, purpose


def current_statuses(connection: Connection) -> dict[_Key, ConsentStatus]:
    """Every status we know, by person and purpose."""
    c = consents.c
    return {
        (row[0], row[1]): cast(ConsentStatus, row[2])
        for row in connection.execute(select(c.person_id, c.purpose, c.status))
    }


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


def apply(connection: Connection, rows: Sequence[ConsentRow], now: datetime) -> int:
    """Store what changed and cancel what is queued without consent; how many were cancelled."""
    c = consents.c
    known = {
        (row[0], row[1]): (row[2], row[3])
        for row in connection.execute(select(c.person_id, c.purpose, c.status, c.consent_id))
    }
    changed = [
        row
        for row in rows
        if known.get((row.person_id, row.purpose)) != (row.status, row.consent_id)
    ]
    upsert(connection, consents, [_values(row) for row in changed])
    return _cancel(connection, now)


def _values(row: ConsentRow) -> dict[str, object]:
    return {
        "person_id": row.person_id,
        "purpose": row.purpose,
        "status": row.status,
        "consent_id": row.consent_id,
        "decided_at": row.decided_at,
    }


def _cancel(connection: Connection, now: datetime) -> int:
    c, d = consents.c, deliveries.c
    same = and_(c.person_id == d.person_id, c.purpose == d.purpose)
    withdrawn = exists().where(same, c.status == "withdrawn")
    missing = exists().where(same, c.status == "missing")
    code = case((withdrawn, catalogue.CONSENT_WITHDRAWN), else_=catalogue.CONSENT_MISSING)
    result = connection.execute(
        update(deliveries)
        .where(d.state.in_([State.PENDING, State.HELD]), or_(withdrawn, missing))
        .values(state=State.CANCELLED, code=code, updated_at=now)
    )
    return result.rowcount
