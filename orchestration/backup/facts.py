"""What a log and a ledger hold, read in one transaction each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, inspect, select, text

from ingestion.event_log.schema import EVENTS
from reverse_etl.ledger.schema import deliveries, positions


def of_log(connection: Connection) -> dict[str, Any]:
    """`head`: the last position; `archived`: names of the archive's files that rows point to."""
    e = EVENTS.c
    archived = select(e.archived_in).where(e.archived_in.is_not(None)).distinct()
    return {
        "head": connection.scalar(select(func.coalesce(func.max(e.position), 0))),
        "events": connection.scalar(select(func.count()).select_from(EVENTS)),
        "archived": sorted(connection.scalars(archived).all()),
    }


def of_ledger(connection: Connection) -> dict[str, Any]:
    """`acted_on`: the last position of the log that anything in it comes from."""
    d = deliveries.c
    by_state = connection.execute(select(d.state, func.count()).group_by(d.state))
    reached = connection.scalar(select(func.coalesce(func.max(positions.c.position), 0)))
    return {
        "version": connection.scalar(text("select version_num from alembic_version")),
        "acted_on": reached,
        "deliveries": {row[0]: row[1] for row in by_state.all()},
    }


def is_empty(connection: Connection) -> bool:
    """Whether a database has neither events nor deliveries."""
    there = inspect(connection)
    return not any(
        there.has_table(table.name) and connection.scalar(select(select(table).exists()))
        for table in (EVENTS, deliveries)
    )
