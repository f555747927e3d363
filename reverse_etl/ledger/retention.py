"""What the ledger forgets with time: tries of what is settled, and who reviewed what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from reverse_etl.ledger.schema import attempts, audit, deliveries
from reverse_etl.model import State

_SETTLED = (State.DELIVERED, State.CANCELLED, State.SUPERSEDED)


def forget(connection: Connection, *, before: datetime, now: datetime) -> tuple[int, int]:
    """See Ledger.forget."""
    a, d = attempts.c, deliveries.c
    settled = select(d.id).where(d.state.in_(_SETTLED))
    tries = connection.execute(
        delete(attempts).where(a.started_at < before, a.delivery_id.in_(settled))
    ).rowcount
    kept = audit.c.what != "forget"
    acts = connection.execute(delete(audit).where(audit.c.at < before, kept)).rowcount
    if tries or acts:
        told = f"{tries} attempts and {acts} entries from before {before:%Y-%m-%d}"
        entry = {"at": now, "who": "ledger", "what": "forget", "reason": told}
        connection.execute(insert(audit), [entry])
    return tries, acts
