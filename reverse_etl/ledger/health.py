"""What is remembered about destinations: one row each, shared by every dispatcher."""

from __future__ import annotations

from datetime import datetime

import orjson
from sqlalchemy import Connection, Row, select

from reverse_etl.breaker import Breaker, Bucket
from reverse_etl.health import Health
from reverse_etl.ledger.engine import upsert
from reverse_etl.ledger.schema import breakers


def load(connection: Connection) -> dict[str, Health]:
    """By destination; one that was never asked for anything is absent."""
    return {row.destination: _health(row) for row in connection.execute(select(breakers))}


def of(connection: Connection, destination: str) -> Health:
    """That of one destination."""
    query = select(breakers).where(breakers.c.destination == destination)
    row = connection.execute(query).first()
    return Health() if row is None else _health(row)


def save(connection: Connection, destination: str, health: Health, now: datetime) -> None:
    """Remember it."""
    buckets = [[b.start, b.requests, b.errors] for b in health.breaker.buckets]
    row = {
        "destination": destination,
        "window": orjson.dumps(buckets).decode(),
        "opened_at": health.breaker.opened_at,
        "probe_at": health.breaker.probe_at,
        "stopped_code": health.stopped_code,
        "stopped_at": health.stopped_at,
        "paused_until": health.paused_until,
        "updated_at": now,
    }
    upsert(connection, breakers, [row])


def _health(row: Row[tuple[object, ...]]) -> Health:
    buckets = tuple(Bucket(*values) for values in orjson.loads(row.window))
    breaker = Breaker(buckets, row.opened_at, row.probe_at)
    return Health(breaker, row.stopped_code, row.stopped_at, row.paused_until)
