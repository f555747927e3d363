"""Write down how a batch ended: rows, attempts and entities in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from reverse_etl import catalogue
from reverse_etl.ledger.engine import upsert
from reverse_etl.ledger.schema import attempts, audit, deliveries, entities
from reverse_etl.ledger.waiting import wake
from reverse_etl.model import Delivery, Kind, Outcome, State, object_kind
from reverse_etl.redact import redact
from reverse_etl.retry import Decision


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one leased delivery ended. `outcome` is None when nothing was sent."""

    delivery: Delivery
    decision: Decision
    outcome: Outcome | None = None
    batch_id: str = ""
    started_at: datetime | None = None
    milliseconds: float = 0.0
    request: str = ""
    consent_id: str | None = None


_SETTLED = (
    "state",
    "code",
    "message",
    "attempts",
    "possible_repeats",
    "due_at",
    "updated_at",
    "requested_at",
    "last_attempt_at",
    "delivered_at",
    "vendor_id",
    "consent_id",
)
_SETTLE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"), deliveries.c.lease == bindparam("b_lease"))
    .values({name: bindparam(f"b_{name}") for name in _SETTLED})
    .values(lease=None, lease_until=None)
)


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """See Ledger.settle."""
    if not settlements:
        return
    connection.execute(_SETTLE, [_row(item, now) for item in settlements])
    tried = [_attempt(item, item.outcome, now) for item in settlements if item.outcome]
    if tried:
        connection.execute(insert(attempts), tried)
    delivered = [item for item in settlements if item.decision.state is State.DELIVERED]
    upsert(connection, entities, [_entity(item, now) for item in delivered])
    wake(connection, [item.delivery for item in delivered], now)
    _drop_outdated(connection, settlements, now)


def _row(item: Settlement, now: datetime) -> dict[str, Any]:
    row, decision, outcome = item.delivery, item.decision, item.outcome
    delivered = decision.state is State.DELIVERED
    return {
        "b_id": row.id,
        "b_lease": row.lease,
        "b_state": decision.state,
        "b_code": None if delivered else decision.code,
        "b_message": redact(outcome.message) if outcome and not delivered else None,
        "b_attempts": row.attempts + (decision.counts if outcome else 0),
        "b_possible_repeats": row.possible_repeats + bool(outcome and outcome.possible_repeat),
        "b_due_at": decision.due_at or row.due_at,
        "b_updated_at": now,
        "b_requested_at": row.requested_at or _requested_at(item),
        "b_last_attempt_at": now if outcome else row.last_attempt_at,
        "b_delivered_at": now if delivered else None,
        "b_vendor_id": (outcome.vendor_id if outcome else None) or row.vendor_id,
        "b_consent_id": item.consent_id or row.consent_id,
    }


def _requested_at(item: Settlement) -> datetime | None:
    """When the try began, unless certainly nothing was sent."""
    sent = item.outcome is not None and item.outcome.kind is not Kind.UNREACHABLE
    return item.started_at if sent else None


def _attempt(item: Settlement, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": item.delivery.id,
        "batch_id": item.batch_id,
        "started_at": item.started_at or now,
        "milliseconds": item.milliseconds,
        "kind": outcome.kind,
        "code": outcome.code,
        "status": outcome.status,
        "request": item.request,
        "response": redact(outcome.message),
        "correlation_id": item.delivery.correlation_id,
    }


def _entity(item: Settlement, now: datetime) -> dict[str, Any]:
    row = item.delivery
    return {
        "destination": row.destination,
        "object_kind": object_kind(row.action),
        "entity_key": row.entity_key,
        "vendor_id": item.outcome.vendor_id if item.outcome else None,
        "payload_hash": row.payload_hash,
        "delivered_at": now,
        "gone_at": None,
    }


def _drop_outdated(
    connection: Connection, settlements: Sequence[Settlement], now: datetime
) -> None:
    """A state row to be tried again gives way to a newer row of its entity."""
    d = deliveries.c
    again = {
        (row.destination, row.action, row.entity_key): row.id
        for item in settlements
        if (row := item.delivery).mode == "state" and item.decision.state is State.PENDING
    }
    if not again:
        return
    key = tuple_(d.destination, d.action, d.entity_key)
    newer = connection.execute(
        select(d.destination, d.action, d.entity_key, d.id).where(
            key.in_(list(again)), d.state.in_([State.PENDING, State.HELD])
        )
    )
    outdated = {
        again[(row[0], row[1], row[2])] for row in newer if row[3] > again[(row[0], row[1], row[2])]
    }
    if outdated:
        connection.execute(
            update(deliveries)
            .where(d.id.in_(outdated))
            .values(state=State.SUPERSEDED, code=catalogue.REPLACED, updated_at=now)
        )


def send_again(
    connection: Connection,
    destination: str,
    action: str,
    keys: Sequence[str],
    who: str,
    now: datetime,
) -> int:
    """See Ledger.send_again."""
    e = entities.c
    mine = (e.destination == destination) & (e.object_kind == object_kind(action))
    changed = connection.execute(
        update(entities).where(mine, e.entity_key.in_(keys)).values(payload_hash=None)
    ).rowcount
    if changed:
        told = f"{destination}: {action} of {changed} objects"
        entry = {"at": now, "who": who, "what": "send_again", "reason": told}
        connection.execute(insert(audit), [entry])
    return changed
