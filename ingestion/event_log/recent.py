"""What a source's webhooks said lately, newest first: a read that ends where it is old enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from ingestion.event_log.log import EventLog
from ingestion.event_log.model import from_micros, to_micros
from ingestion.event_log.schema import EVENTS

_PAGE: Final = 1_000

# Events are stored nearly in the order in which they were received.
_DISORDER: Final = timedelta(minutes=5)


def webhooks_since(
    log: EventLog, source: str, since: datetime | None
) -> Iterator[tuple[datetime, bytes]]:
    """When a source's webhooks were received, and their bodies, since then (None: ever); what was
    moved to the archive is left out."""
    reader, _ = log.engines
    until, oldest = None, 0 if since is None else to_micros(since - _DISORDER)
    while True:
        query = (
            select(EVENTS.c.position, EVENTS.c.received_at, EVENTS.c.body)
            .where(EVENTS.c.source == source, EVENTS.c.kind == "webhook")
            .order_by(EVENTS.c.position.desc())
            .limit(_PAGE)
        )
        if until is not None:
            query = query.where(EVENTS.c.position < until)
        with reader.begin() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            if row.received_at < oldest:
                return
            yield from_micros(row.received_at), row.body
        if len(rows) < _PAGE:
            return
        until = rows[-1].position
