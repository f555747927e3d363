"""An activation table beside what the ledger holds: what would happen to each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from reverse_etl.canary import Canary
from reverse_etl.ledger import awaited, canaries, holdings
from reverse_etl.ledger.consents import current_statuses
from reverse_etl.ledger.holdings import Holdings, Waiting
from reverse_etl.ledger.plan import NOTHING, Goal, History, Step, goal, plan_event, plan_state
from reverse_etl.ledger.scope import EVERYBODY, Scope
from reverse_etl.model import ActivationRow, Admission, ConsentStatus, object_kind


@dataclass(slots=True)
class Planned:
    """What would happen to each row, and to what is queued without being wanted; reads only.

    Rows of people whom the table does not speak about are left alone.
    """

    connection: Connection
    rows: Sequence[ActivationRow]
    destination: str
    action: str
    admission: Admission
    now: datetime
    scope: Scope = EVERYBODY
    consents: Mapping[tuple[str, str], ConsentStatus] = field(default_factory=dict)
    """Newer than the ledger's, by person and purpose."""
    held: Holdings = field(init=False)
    canary: Canary | None = field(init=False)
    wanted: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        covered = (row.entity_key for row in self.rows if self.scope.covers(row.person_id))
        self.wanted = frozenset(covered)
        table, people = (self.connection, self.destination, self.action), self.scope.people
        self.held = (
            holdings.of_all(*table)
            if people is None
            else holdings.of_people(*table, people, self.wanted)
        )
        concerned = self.rows or self.held.waiting
        self.canary = canaries.of(self.connection, self.destination) if concerned else None

    def steps(self) -> Iterator[tuple[ActivationRow, Step]]:
        """In the order in which they are to be sent."""
        if not self.rows:
            return
        current = current_statuses(self.connection, self.scope.people)
        consents = {**current, **self.consents}
        limits = self._limits()
        for row in sorted(self.rows, key=lambda row: row.order_key):
            consent = consents.get((row.person_id, row.purpose))
            wanted = goal(
                row,
                held=self.admission.held,
                reasons=self.admission.reasons,
                current_consent=consent,
                canary=self.canary,
                now=self.now,
                until=limits.get(row.person_id),
            )
            yield row, self._plan(row, wanted) if self._may_change(row) else NOTHING

    def _limits(self) -> Mapping[str, datetime]:
        """Until when rows wait for answers, by person."""
        if not self.admission.waits:
            return {}
        return awaited.limits(self.connection, self.scope.people, self.now)

    @property
    def _is_frozen(self) -> bool:
        """After a canary was rolled back nothing is queued until somebody has mended the cause."""
        return self.canary is not None and self.canary.rolled_back_at is not None

    def _may_change(self, row: ActivationRow) -> bool:
        """Also what is known of the row's entity may be newer, under another person."""
        if self._is_frozen or not self.scope.covers(row.person_id):
            return False
        return self._owner(row.entity_key) not in self.scope.newer

    def _plan(self, row: ActivationRow, wanted: Goal) -> Step:
        history = self.history(row.entity_key)
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
        return [
            row
            for row in self.held.waiting
            if row.entity_key not in self.wanted and self.scope.covers(row.person_id)
        ]

    def marks(self) -> list[dict[str, Any]]:
        """Rows of `entities` whose object came or went with the activation table."""
        return [
            {
                "destination": self.destination,
                "object_kind": object_kind(self.action),
                "entity_key": key,
                "gone_at": None if key in self.wanted else self.now,
            }
            for key, gone_at in self.held.entities.items()
            if (gone_at is None) != (key in self.wanted) and self._may_mark(key)
        ]

    def _may_mark(self, key: str) -> bool:
        owner = self._owner(key)
        if key in self.wanted:
            return owner not in self.scope.newer
        return self.scope.covers(owner)

    def known(self) -> frozenset[str]:
        """Keys of what the destination has already."""
        return frozenset(self.held.entities)

    def history(self, key: str) -> History:
        """The deliveries of one entity."""
        return self.held.histories.get(key, _NEVER_SEEN)

    def _owner(self, key: str) -> str | None:
        """Whose the entity was when a row of it was last recorded."""
        return self.history(key).owner


_NEVER_SEEN = History()
