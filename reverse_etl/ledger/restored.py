"""A ledger that was restored does not know what was sent since it was copied."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, or_, update

from reverse_etl import catalogue
from reverse_etl.ledger.engine import open_engine, writing
from reverse_etl.ledger.schema import audit, deliveries
from reverse_etl.model import State


def distrust(url: str, *, who: str, now: datetime) -> int:
    """What may have been sent since is read back before it is sent: rows that were queued, under
    way, or held by a breaker. What waits for a person stays. Returns how many rows there are.

    Raises LedgerUnavailableError or LedgerNewerError.
    """
    engine = open_engine(url)
    d = deliveries.c
    queued = d.state.in_([State.PENDING, State.IN_FLIGHT])
    held = (d.state == State.HELD) & (d.code == catalogue.BREAKER_OPEN)
    try:
        with writing(engine) as connection:
            changed = connection.execute(
                update(deliveries)
                .where(or_(queued, held))
                .values(state=State.UNKNOWN, code=catalogue.RESTORED, updated_at=now)
                .values(lease=None, lease_until=None)
            ).rowcount
            told = f"{changed} deliveries are read back before they are sent"
            entry = {"at": now, "who": who, "what": "restore", "reason": told}
            connection.execute(insert(audit), [entry])
    finally:
        engine.dispose()
    return changed
