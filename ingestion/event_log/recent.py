"""What a source's webhooks said lately, newest first: a read that ends where it is old enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select

from ingestion.event_log.log import EventLog
from ingestion.event_log.model import from_micros, to_micros
from ingestion.event_log.schema import EVENTS

_PAGE: Final = 1_000
_COLUMNS: Final = ("position", "received_at", "archived_in", "body")

# Events are stored nearly in the order in which they were received.
_DISORDER: Final = timedelta(minutes=5)


def webhooks_since(
    log: EventLog, source: str, since: datetime | None
) -> Iterator[tuple[datetime, bytes]]:
    """When a source's webhooks were received, and their bodies, since then (None: ever)."""
    reader, _ = log.engines
    until, oldest = None, 0 if since is None else to_micros(since - _DISORDER)
    while True:
        query = (
            select(*(EVENTS.c[name] for name in _COLUMNS))
            .where(EVENTS.c.source == source, EVENTS.c.kind == "webhook")
            .order_by(EVENTS.c.position.desc())
            .limit(_PAGE)
        )
        if until is not None:
            query = query.where(EVENTS.c.position < until)
        with reader.begin() as connection:
            rows = connection.execute(query).all()
        restored = {event.position: event.body for event in log.at(_archived(rows))}
        for row in rows:
            if row.received_at < oldest:
                return
            yield from_micros(row.received_at), restored.get(row.position, row.body)
        if len(rows) < _PAGE:
            return
        until = rows[-1].position


def _archived(rows: Iterable[Row[Any]]) -> list[int]:
    return [row.position for row in rows if row.archived_in is not None]
