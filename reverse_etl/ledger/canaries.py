"""Canaries: a share of people first, and the way back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from reverse_etl import catalogue
from reverse_etl.canary import Canary, RolledBack
from reverse_etl.ledger import queries
from reverse_etl.ledger.engine import reading, upsert, writing
from reverse_etl.ledger.schema import NEVER, audit, canaries, counters, deliveries, snapshots
from reverse_etl.model import Delivery, State
from reverse_etl.payload import written_fields

Fields = Mapping[str, Any]


class Canaries:
    """The canaries of a ledger. Methods raise LedgerUnavailableError; each turn is audited."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, Canary]:
        """Canaries by destination."""
        with reading(self._engine) as connection:
            return {row.destination: Canary(**row._mapping) for row in connection.execute(_ALL)}

    def of(self, destination: str) -> Canary | None:
        """The canary of a destination, if there is one."""
        with reading(self._engine) as connection:
            return of(connection, destination)

    def start(self, destination: str, share: float, *, who: str, reason: str, now: datetime) -> int:
        """Send to this share of people only; what is queued for others is held. How much is."""
        with writing(self._engine, destination) as connection:
            _end(connection, destination)
            canary = Canary(destination, share, now, who)
            row = {name: getattr(canary, name) for name in Canary.__slots__}
            connection.execute(insert(canaries), [row])
            _record(connection, who, "canary", f"{destination}: {share:.1%}; {reason}", now)
            return _hold_others(connection, canary, now)

    def promote(self, destination: str, *, who: str, reason: str, now: datetime) -> int:
        """Send to everybody again; how many held rows queue."""
        with writing(self._engine, destination) as connection:
            if of(connection, destination) is None:
                return 0
            _end(connection, destination)
            _record(connection, who, "promote", f"{destination}; {reason}", now)
            d = deliveries.c
            held = (d.destination == destination) & (d.state == State.HELD)
            return connection.execute(
                update(deliveries)
                .where(held, d.code == catalogue.CANARY)
                .values(state=State.PENDING, code=None, due_at=now, updated_at=now)
            ).rowcount

    def roll_back(self, destination: str, *, who: str, reason: str, now: datetime) -> RolledBack:
        """Queue what objects were before the canary wrote them, and nothing new until it ends."""
        with writing(self._engine, destination) as connection:
            canary = of(connection, destination)
            if canary is None or canary.rolled_back_at is not None:
                return RolledBack()
            mine = canaries.c.destination == destination
            connection.execute(update(canaries).where(mine).values(rolled_back_at=now))
            _record(connection, who, "roll_back", f"{destination}; {reason}", now)
            _stop_queue(connection, destination, now)
            return _restore(connection, canary, now)

    def unseen(self, destination: str, action: str, keys: Sequence[str]) -> list[str]:
        """Those of these objects of which nobody kept what they were."""
        s = snapshots.c
        query = select(s.entity_key).where(
            s.destination == destination, s.action == action, s.entity_key.in_(keys)
        )
        with reading(self._engine) as connection:
            seen = set(connection.scalars(query))
        return [key for key in keys if key not in seen]

    def keep(self, destination: str, action: str, found: Mapping[str, Fields | None]) -> None:
        """Keep what objects are before they are written; None: there is none yet."""
        rows = [
            {
                "destination": destination,
                "action": action,
                "entity_key": key,
                "fields": None if fields is None else orjson.dumps(dict(fields)).decode(),
            }
            for key, fields in found.items()
        ]
        with writing(self._engine, destination) as connection:
            if rows:
                connection.execute(insert(snapshots), rows)


_ALL = select(canaries).order_by(canaries.c.destination)


def of(connection: Connection, destination: str) -> Canary | None:
    """See Canaries.of."""
    found = connection.execute(select(canaries).where(canaries.c.destination == destination))
    row = found.first()
    return Canary(**row._mapping) if row else None


def _end(connection: Connection, destination: str) -> None:
    connection.execute(delete(canaries).where(canaries.c.destination == destination))
    connection.execute(delete(snapshots).where(snapshots.c.destination == destination))


def _hold_others(connection: Connection, canary: Canary, now: datetime) -> int:
    d = deliveries.c
    queued = (d.destination == canary.destination) & (d.state == State.PENDING)
    people = connection.scalars(select(d.person_id).where(queued).distinct()).all()
    others = [person for person in people if not canary.admits(person)]
    held = 0
    for start in range(0, len(others), 10_000):
        page = d.person_id.in_(others[start : start + 10_000])
        held += connection.execute(
            update(deliveries)
            .where(queued, page)
            .values(state=State.HELD, code=catalogue.CANARY, updated_at=now)
        ).rowcount
    return held


def _stop_queue(connection: Connection, destination: str, now: datetime) -> None:
    d = deliveries.c
    queued = (d.destination == destination) & (d.state == State.PENDING)
    connection.execute(
        update(deliveries)
        .where(queued)
        .values(state=State.HELD, code=catalogue.CANARY, updated_at=now)
    )


def _restore(connection: Connection, canary: Canary, now: datetime) -> RolledBack:
    d, s = deliveries.c, snapshots.c
    kept = connection.execute(select(snapshots).where(s.destination == canary.destination)).all()
    sent = (d.destination == canary.destination) & (d.delivered_at >= canary.since)
    events = connection.scalar(select(func.count()).where(sent, d.mode == "event"))
    newest = select(func.max(d.id)).where(sent, d.mode == "state")
    newest = newest.group_by(d.action, d.entity_key)
    written = {
        (row.action, row.entity_key): queries.delivery(row._mapping)
        for row in connection.execute(select(deliveries).where(d.id.in_(newest)))
    }
    back = [
        _as_it_was(delivery, orjson.loads(row.fields), now)
        for row in kept
        if row.fields is not None and (delivery := written.get((row.action, row.entity_key)))
    ]
    if back:
        connection.execute(insert(deliveries), back)
        grown = {"destination": canary.destination, "name": "enqueued", "value": len(back)}
        upsert(connection, counters, [grown], add=["value"])
    created = sum(row.fields is None and (row.action, row.entity_key) in written for row in kept)
    return RolledBack(len(back), created, int(events or 0))


def _as_it_was(written: Delivery, before: Fields, now: datetime) -> dict[str, Any]:
    """The row that writes the old values of what the canary wrote; an empty text clears."""
    place = "fields" if "fields" in written.body else "properties"
    values = {name: before.get(name) or "" for name in written_fields(written.body)}
    payload = orjson.dumps({place: values}, option=orjson.OPT_SORT_KEYS).decode()
    row = replace(
        written,
        payload=payload,
        payload_hash=hashlib.sha256(payload.encode()).hexdigest(),
        external_id=written.external_id or written.vendor_id,
        state=State.PENDING,
        code=None,
        attempts=0,
        due_at=now,
        created_at=now,
        updated_at=now,
        requested_at=None,
        last_attempt_at=None,
        delivered_at=None,
    )
    columns = {column.name for column in deliveries.columns} - {"id", "urgency"}
    return {name: getattr(row, name) for name in columns} | {"urgency": row.deadline_at or NEVER}


def _record(connection: Connection, who: str, what: str, reason: str, now: datetime) -> None:
    connection.execute(insert(audit), [{"at": now, "who": who, "what": what, "reason": reason}])
