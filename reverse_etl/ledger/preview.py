"""What enqueueing would lead to, row by row, without doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from reverse_etl import catalogue
from reverse_etl.ledger import positions, scope
from reverse_etl.ledger.plan import History, Step
from reverse_etl.ledger.planned import Planned
from reverse_etl.model import ActivationRow, Admission, ConsentRow, State
from reverse_etl.reports import Change, Preview

_CHANGES: Mapping[State, Change] = {
    State.CANCELLED: "refuse",
    State.DEAD: "expire",
    State.HELD: "hold",
}


def preview(
    connection: Connection,
    rows: Sequence[ActivationRow],
    *,
    destination: str,
    action: str,
    now: datetime,
    admission: Admission,
    consents: Sequence[ConsentRow],
    as_of: int | None,
) -> list[Preview]:
    """See Ledger.preview."""
    of_consents = scope.of_complete(connection, positions.CONSENTS, as_of)
    told_now = {
        (row.person_id, row.purpose): row.status
        for row in consents
        if of_consents.covers(row.person_id)
    }
    of_rows = scope.of_complete(connection, positions.table(destination, action), as_of)
    planned = Planned(connection, rows, destination, action, admission, now, of_rows, told_now)
    known = planned.known()
    told = [
        _preview(row, step, planned.history(row.entity_key), row.entity_key in known)
        for row, step in planned.steps()
    ]
    return told + [
        Preview(waiting.entity_key, waiting.person_id, "withdraw", catalogue.NOT_WANTED)
        for waiting in planned.outdated()
    ]


def _preview(row: ActivationRow, step: Step, history: History, is_known: bool) -> Preview:
    wanted = step.insert or (step.move[1] if step.move else None)
    if step.stale:
        return Preview(row.entity_key, row.person_id, "stale", catalogue.EXPIRED)
    if wanted is None:
        waits = (history.waiting or history.busy) is not None
        return Preview(row.entity_key, row.person_id, "queued" if waits else "unchanged")
    sent: Change = "update" if is_known and row.mode == "state" else "create"
    change = _CHANGES.get(wanted.state, sent)
    return Preview(row.entity_key, row.person_id, change, wanted.code)
