"""A complete activation table beside what the ledger holds: what would happen to each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from reverse_etl import catalogue
from reverse_etl.canary import Canary
from reverse_etl.ledger import canaries
from reverse_etl.ledger.consents import current_statuses
from reverse_etl.ledger.plan import (
    NOTHING,
    Goal,
    History,
    Known,
    Step,
    goal,
    plan_event,
    plan_state,
)
from reverse_etl.ledger.schema import deliveries, entities
from reverse_etl.model import ActivationRow, Admission, ConsentStatus, State, object_kind

_WAITING = (State.PENDING, State.HELD)
_BUSY = (State.IN_FLIGHT, State.UNKNOWN)
_SETTLED = (State.DELIVERED, State.DEAD, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that is queued or held."""

    id: int
    entity_key: str
    person_id: str
    mode: str


@dataclass(slots=True)
class Planned:
    """What would happen to each row, and to what is queued without being wanted; reads only."""

    connection: Connection
    rows: Sequence[ActivationRow]
    destination: str
    action: str
    admission: Admission
    now: datetime
    consents: Mapping[tuple[str, str], ConsentStatus] = field(default_factory=dict)
    """Newer than the ledger's, by person and purpose."""
    histories: dict[str, History] = field(init=False)

    canary: Canary | None = field(init=False)

    def __post_init__(self) -> None:
        self.canary = canaries.of(self.connection, self.destination)
        self.histories = _histories(self.connection, self.destination, self.action)

    def steps(self) -> Iterator[tuple[ActivationRow, Step]]:
        """In the order in which they are to be sent."""
        consents = {**current_statuses(self.connection), **self.consents}
        for row in sorted(self.rows, key=lambda row: row.order_key):
            consent = consents.get((row.person_id, row.purpose))
            wanted = goal(
                row,
                held=self.admission.held,
                current_consent=consent,
                canary=self.canary,
                now=self.now,
            )
            yield row, NOTHING if self._is_frozen else self._plan(row, wanted)

    @property
    def _is_frozen(self) -> bool:
        """After a canary was rolled back nothing is queued until somebody has mended the cause."""
        return self.canary is not None and self.canary.rolled_back_at is not None

    def _plan(self, row: ActivationRow, wanted: Goal) -> Step:
        history = self.histories.get(row.entity_key, History())
        if row.mode == "state":
            return plan_state(row, wanted, history)
        known = history.waiting or history.busy or history.settled
        return plan_event(row, wanted, known, skip_stale=self.admission.skip_stale)

    def outdated(self) -> list[Waiting]:
        """Rows that wait although nobody wants them any more.

        An event is cancelled, not superseded: it has one delivery for ever, which may be wanted
        again (a deal is lost before its conversion was sent, and won once more).
        """
        if self._is_frozen:
            return []
        d = deliveries.c
        waiting = self.connection.execute(
            select(d.id, d.entity_key, d.person_id, d.mode)
            .where(d.destination == self.destination, d.action == self.action)
            .where(d.state.in_(list(_WAITING)))
        )
        keys = self._keys()
        return [Waiting(*row) for row in waiting if row.entity_key not in keys]

    def marks(self) -> list[dict[str, Any]]:
        """Rows of `entities` whose object came or went with the activation table."""
        keys = self._keys()
        return [
            {
                "destination": self.destination,
                "object_kind": object_kind(self.action),
                "entity_key": key,
                "gone_at": None if key in keys else self.now,
            }
            for key, gone_at in self._entities()
            if (gone_at is None) != (key in keys)
        ]

    def known(self) -> frozenset[str]:
        """Keys of what the destination has already."""
        return frozenset(key for key, _ in self._entities())

    def _keys(self) -> set[str]:
        return {row.entity_key for row in self.rows}

    def _entities(self) -> list[tuple[str, datetime | None]]:
        e = entities.c
        query = select(e.entity_key, e.gone_at).where(
            e.destination == self.destination, e.object_kind == object_kind(self.action)
        )
        return [(row.entity_key, row.gone_at) for row in self.connection.execute(query)]


def _histories(connection: Connection, destination: str, action: str) -> dict[str, History]:
    waiting = _newest(connection, destination, action, _WAITING)
    busy = _newest(connection, destination, action, _BUSY)
    settled = _newest(connection, destination, action, _SETTLED)
    hashes = dict(_delivered_hashes(connection, destination, action))
    return {
        key: History(waiting.get(key), busy.get(key), settled.get(key), hashes.get(key))
        for key in waiting.keys() | busy.keys() | settled.keys() | hashes.keys()
    }


def _newest(
    connection: Connection, destination: str, action: str, states: Iterable[State]
) -> dict[str, Known]:
    d = deliveries.c
    newest = (
        select(func.max(d.id))
        .where(d.destination == destination, d.action == action, d.state.in_(list(states)))
        .group_by(d.entity_key)
    )
    tried = d.last_attempt_at.is_not(None) & d.code.is_distinct_from(catalogue.REFERENCE_NOT_SYNCED)
    columns = (d.id, d.entity_key, d.state, d.code, d.payload_hash, tried)
    found = connection.execute(select(*columns).where(d.id.in_(newest)))
    return {row[1]: Known(row[0], row[1], State(row[2]), *row[3:]) for row in found}


def _delivered_hashes(
    connection: Connection, destination: str, action: str
) -> Iterator[tuple[str, str]]:
    e = entities.c
    query = select(e.entity_key, e.payload_hash).where(
        e.destination == destination,
        e.object_kind == object_kind(action),
        e.payload_hash.is_not(None),
    )
    return (tuple(row) for row in connection.execute(query))
