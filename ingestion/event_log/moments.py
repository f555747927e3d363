"""When events came, without what they say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from ingestion.event_log.model import Kind, from_micros, to_micros
from ingestion.event_log.schema import EVENTS


def received(
    connection: Connection, source: str, kind: Kind, most: int, until: datetime | None
) -> Sequence[datetime]:
    """When the last events of a source came, newest first, in UTC, at most so many."""
    e = EVENTS.c
    query = (
        select(e.received_at)
        .where(e.source == source, e.kind == kind)
        .order_by(e.position.desc())
        .limit(most)
    )
    if until is not None:
        query = query.where(e.received_at <= to_micros(until))
    return [from_micros(value) for value in connection.execute(query).scalars()]


def between(
    connection: Connection, start: datetime, end: datetime, kinds: Collection[Kind]
) -> Sequence[int]:
    """Positions of events of these kinds that came from `start` to before `end`, in order."""
    e = EVENTS.c
    query = select(e.position).where(
        e.received_at >= to_micros(start), e.received_at < to_micros(end), e.kind.in_(sorted(kinds))
    )
    return connection.execute(query.order_by(e.position)).scalars().all()
