"""What is remembered about a destination between runs: its breaker and why it was stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from reverse_etl.breaker import Breaker, Bucket
from reverse_etl.ledger.engine import upsert
from reverse_etl.ledger.schema import breakers


@dataclass(frozen=True, slots=True)
class Health:
    """`stopped_code` is set while the destination refuses our credentials."""

    breaker: Breaker = field(default_factory=Breaker)
    stopped_code: str | None = None
    stopped_at: datetime | None = None


def load(connection: Connection) -> dict[str, Health]:
    """By destination; one that never had trouble is absent."""
    return {
        row.destination: Health(
            Breaker(_buckets(row.window), row.opened_at, row.probe_at),
            row.stopped_code,
            row.stopped_at,
        )
        for row in connection.execute(select(breakers))
    }


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
        "updated_at": now,
    }
    upsert(connection, breakers, [row])


def _buckets(text: str) -> tuple[Bucket, ...]:
    return tuple(Bucket(*values) for values in orjson.loads(text))
