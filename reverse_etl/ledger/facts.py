"""Deliveries as facts for reports: everything but payloads, messages and the vendors' answers."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, select, type_coerce

from reverse_etl.ledger.schema import deliveries


class DeliveryFact(NamedTuple):
    """One delivery. Times are microseconds since 1970 (UTC), as the ledger keeps them: reports
    read a million of these at once."""

    delivery_id: int
    destination: str
    action: str
    mode: str
    entity_key: str
    person_id: str
    correlation_id: str
    state: str
    code: str | None
    priority: int
    attempts: int
    possible_repeats: int
    event_time: int
    deadline_at: int | None
    created_at: int
    requested_at: int | None
    last_attempt_at: int | None
    delivered_at: int | None
    updated_at: int


TIMES = (
    "event_time",
    "deadline_at",
    "created_at",
    "requested_at",
    "last_attempt_at",
    "delivered_at",
    "updated_at",
)

_COLUMNS = [
    type_coerce(deliveries.c[name], BigInteger).label(name)
    if name in TIMES
    else deliveries.c["id" if name == "delivery_id" else name]
    for name in DeliveryFact._fields
]


def facts(connection: Connection, *, after: int, limit: int) -> list[DeliveryFact]:
    """The next deliveries behind number ``after``, in order of their numbers."""
    d = deliveries.c
    query = select(*_COLUMNS).where(d.id > after).order_by(d.id).limit(limit)
    return [DeliveryFact._make(row) for row in connection.execute(query)]
