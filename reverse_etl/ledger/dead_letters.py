"""Reviewing what was given up or held back. Every act is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, select, true, update

from reverse_etl import catalogue
from reverse_etl.edit import Change, apply
from reverse_etl.errors import DeliveryNotFoundError, NotADeadLetterError
from reverse_etl.ledger import queries
from reverse_etl.ledger.engine import reading, writing
from reverse_etl.ledger.schema import audit, deliveries
from reverse_etl.model import Attempt, AuditEntry, Delivery, State
from reverse_etl.redact import redact

_REVIEWED = (State.DEAD, State.HELD)
_PASSING = (catalogue.AWAITING_ENRICHMENT,)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery with all its tries, what was done about it, and what could be."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]
    audit: tuple[AuditEntry, ...]
    remedy: str


@dataclass(frozen=True, slots=True, order=True)
class DeadGroup:
    """How many deliveries a destination has that died of one code."""

    destination: str
    code: str
    deliveries: int


class DeadLetters:
    """The dead and held deliveries of a ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(
        self,
        *,
        destination: str | None = None,
        code: str | None = None,
        state: State | None = None,
        limit: int = 100,
    ) -> tuple[Delivery, ...]:
        """Dead and held deliveries, or those in `state` alone, newest first; those that wait for an
        answer about their person only where they are asked for by this code, as nobody has to
        review them."""
        states = (*_REVIEWED, State.PENDING) if code in _PASSING else _REVIEWED
        wanted = [each for each in states if state in (None, each)]
        query = select(deliveries).where(_matching(destination, code, wanted))
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
            return tuple(queries.delivery(row._mapping) for row in found)

    def ids(self, *, destination: str | None, code: str | None) -> Sequence[int]:
        """All of them that match, oldest first: replaying in this order keeps it."""
        query = select(deliveries.c.id).where(_matching(destination, code, _REVIEWED))
        with reading(self._engine) as connection:
            return connection.scalars(query.order_by(deliveries.c.id)).all()

    def groups(self, *, since: datetime | None = None) -> tuple[DeadGroup, ...]:
        """The dead (not the held) by destination and code; only those that died since then."""
        d = deliveries.c
        code = func.coalesce(d.code, catalogue.REFUSED).label("code")
        query = select(d.destination, code, func.count().label("deliveries")).where(
            d.state == State.DEAD, true() if since is None else d.updated_at >= since
        )
        with reading(self._engine) as connection:
            found = connection.execute(query.group_by(d.destination, code))
            return tuple(sorted(DeadGroup(**row._mapping) for row in found))

    def show(self, delivery_id: int) -> DeadLetter:
        """One delivery in full, whatever its state. Raises DeliveryNotFoundError."""
        with reading(self._engine) as connection:
            delivery = _get(connection, delivery_id)
            tries = tuple(queries.attempts_of(connection, delivery_id))
            query = select(audit).where(audit.c.delivery_id == delivery_id).order_by(audit.c.id)
            acts = tuple(AuditEntry(**row._mapping) for row in connection.execute(query))
        return DeadLetter(delivery, tries, acts, catalogue.remedy(delivery.code))

    def replay(
        self, ids: Sequence[int], *, who: str, now: datetime, reason: str = ""
    ) -> tuple[Delivery, ...]:
        """Queue dead or held deliveries again, all or none; consent, order and deadline still
        apply. One that was replaced by a newer row of its entity is superseded instead.

        Raises DeliveryNotFoundError or NotADeadLetterError.
        """
        with writing(self._engine) as connection:
            rows = [_reviewed(connection, delivery_id) for delivery_id in ids]
            for row in rows:
                _replay(connection, row, now)
                _record(connection, row.id, who, "replay", reason, now)
            return tuple(_get(connection, row.id) for row in rows)

    def edit(
        self,
        ids: Sequence[int],
        changes: Sequence[Change],
        *,
        who: str,
        now: datetime,
        reason: str,
    ) -> tuple[Delivery, ...]:
        """Mend the payloads of dead or held deliveries, all or none; they stay where they are.

        The hash stays that of what the models want, so that the mended content counts as it once
        it is delivered, until the models want something else. The audit names fields, no values.
        Raises DeliveryNotFoundError or NotADeadLetterError.
        """
        with writing(self._engine) as connection:
            rows = [_reviewed(connection, delivery_id) for delivery_id in ids]
            told = "; ".join([*map(str, changes), reason])
            for row in rows:
                mended = orjson.dumps(apply(row.body, changes), option=orjson.OPT_SORT_KEYS)
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id == row.id)
                    .values(payload=mended.decode(), updated_at=now)
                )
                _record(connection, row.id, who, "edit", told, now)
            return tuple(_get(connection, row.id) for row in rows)

    def discard(
        self, ids: Sequence[int], *, who: str, now: datetime, reason: str
    ) -> tuple[Delivery, ...]:
        """Give deliveries up for good: cancelled, and never enqueued again with this content.

        Raises DeliveryNotFoundError or NotADeadLetterError.
        """
        with writing(self._engine) as connection:
            rows = [_reviewed(connection, delivery_id) for delivery_id in ids]
            for row in rows:
                _set(connection, row.id, now, State.CANCELLED, catalogue.DISCARDED)
                _record(connection, row.id, who, "discard", reason, now)
            return tuple(_get(connection, row.id) for row in rows)


def _matching(
    destination: str | None, code: str | None, states: Sequence[State]
) -> ColumnElement[bool]:
    d = deliveries.c
    return and_(
        d.state.in_(states),
        true() if destination is None else d.destination == destination,
        true() if code is None else d.code == code,
    )


def _replay(connection: Connection, row: Delivery, now: datetime) -> None:
    if row.mode == "state" and _has_newer(connection, row):
        _set(connection, row.id, now, State.SUPERSEDED, catalogue.REPLACED)
    elif row.code in (catalogue.UNKNOWN_OUTCOME, catalogue.LEASE_EXPIRED):
        _set(connection, row.id, now, State.UNKNOWN, row.code)  # read back before it is sent
    else:
        _set(connection, row.id, now, State.PENDING, None)


def _has_newer(connection: Connection, row: Delivery) -> bool:
    d = deliveries.c
    query = select(d.id).where(
        d.destination == row.destination,
        d.action == row.action,
        d.entity_key == row.entity_key,
        d.id > row.id,
        d.state.not_in([State.SUPERSEDED, State.CANCELLED]),
    )
    return connection.execute(query.limit(1)).first() is not None


def _set(
    connection: Connection, delivery_id: int, now: datetime, state: State, code: str | None
) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id)
        .values(state=state, code=code, due_at=now, updated_at=now, attempts=0)
    )


def _record(
    connection: Connection, delivery_id: int, who: str, what: str, reason: str, now: datetime
) -> None:
    entry = {"at": now, "who": who, "what": what, "delivery_id": delivery_id}
    connection.execute(insert(audit), [{**entry, "reason": redact(reason)}])


def _reviewed(connection: Connection, delivery_id: int) -> Delivery:
    row = _get(connection, delivery_id)
    if row.state not in _REVIEWED:
        raise NotADeadLetterError(f"Delivery {delivery_id} is {row.state}, neither dead nor held.")
    return row


def _get(connection: Connection, delivery_id: int) -> Delivery:
    found = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
    if found is None:
        raise DeliveryNotFoundError(f"There is no delivery {delivery_id}.")
    return queries.delivery(found._mapping)
