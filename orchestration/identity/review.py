"""The review of proposed links: what is open, and the decisions, which are events.

Proposals are kept in a file of the installation, by person ids alone. A decision goes to the event
log: whatever is rebuilt later reads it there. The file remembers that it was taken, so that nobody
is asked twice before the next batch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from ingestion.event_log import EventLog, NewEvent
from orchestration import connections, warehouse
from orchestration.errors import NotFoundError
from orchestration.identity.propose import Proposal, propose
from orchestration.settings import Settings

Status = Literal["open", "accepted", "rejected"]

SOURCE: Final = "identity"
SPLINK: Final = "splink"
KEPT_APART: Final = """
    select person_id, other_person_id
    from marts.fct_identity_links
    where link_type = 'identity_unlinked' and effect = 'holds'
"""
EVENT_TYPES: Final[Mapping[Status, str]] = {
    "accepted": "identity_linked",
    "rejected": "identity_unlinked",
}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A proposal and what became of it."""

    person_id: str
    other_person_id: str
    weight: float
    features: Mapping[str, str]
    status: Status = "open"
    decided_by: str | None = None

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.person_id, self.other_person_id))


def renew(
    settings: Settings, *, now: datetime, least_weight: float | None = None
) -> list[Reviewed]:
    """Propose over the published copy; what weighs enough for the setting is linked at once.

    Two who were taken apart are not proposed again. Raises WarehouseMissingError before the first
    batch, SplinkMissingError without the extra.
    """
    least = settings.identity_propose_weight if least_weight is None else least_weight
    with warehouse.connect(settings.published) as copy:
        apart = {frozenset(row.values()) for row in warehouse.rows(copy, KEPT_APART)}
        found = propose(copy, least_weight=least)
    decided = {
        kept.pair: kept for kept in read(settings.identity_proposals) if kept.status != "open"
    }
    reviewed = [_reviewed(proposal) for proposal in found]
    reviewed = [decided.get(new.pair, new) for new in reviewed if new.pair not in apart]
    sure = settings.identity_accept_weight
    automatic = [
        row for row in reviewed if sure is not None and row.status == "open" and row.weight >= sure
    ]
    with closing(connections.event_log(settings)) as log:
        _append(log, [_automatic(row, now) for row in automatic])
    linked = {row.pair for row in automatic}
    told = [_decided(row, "accepted", SPLINK) if row.pair in linked else row for row in reviewed]
    write(settings.identity_proposals, told)
    return told


def decide(
    settings: Settings,
    person_id: str,
    other_person_id: str,
    status: Literal["accepted", "rejected"],
    *,
    by: str,
    reason: str | None,
    now: datetime,
) -> Reviewed:
    """Write the decision to the event log, and into the file. Raises NotFoundError for a pair that
    was not proposed."""
    pair = frozenset((person_id, other_person_id))
    known = read(settings.identity_proposals)
    found = next((row for row in known if row.pair == pair), None)
    if found is None:
        raise NotFoundError(
            f"{person_id} and {other_person_id} are not proposed.",
            remedy="`millrace identity review` lists what is.",
        )
    key = f"{EVENT_TYPES[status]}:{found.person_id}:{found.other_person_id}:{now.isoformat()}"
    told = reason or f"proposed with weight {found.weight}"
    with closing(connections.event_log(settings)) as log:
        _append(log, [link_event(found, EVENT_TYPES[status], key=key, by=by, reason=told, now=now)])
    decided = _decided(found, status, by)
    write(settings.identity_proposals, [decided if row is found else row for row in known])
    return decided


def read(file: Path) -> list[Reviewed]:
    """The proposals as they were left; none before the first."""
    if not file.exists():
        return []
    return [Reviewed(**row) for row in json.loads(file.read_text(encoding="utf-8"))]


def write(file: Path, reviewed: Sequence[Reviewed]) -> None:
    """Replace the file at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_suffix(".next")
    staged.write_text(json.dumps([asdict(row) for row in reviewed], indent=2), encoding="utf-8")
    os.replace(staged, file)  # noqa: PTH105  the atomic one, by name


def link_event(
    row: Reviewed, event_type: str, *, key: str, by: str, reason: str, now: datetime
) -> NewEvent:
    """The event of the standard vocabulary that links two people, or takes them apart."""
    body: dict[str, Any] = {
        "type": event_type,
        "timestamp": now.isoformat(),
        "data": {
            "person_id": row.person_id,
            "other_person_id": row.other_person_id,
            "reason": reason,
            "by": by,
        },
    }
    return NewEvent(
        source=SOURCE,
        event_key=key,
        kind="decision",
        received_at=now,
        body=orjson.dumps(body),
        headers={},
        correlation_id=key,
    )


def _automatic(row: Reviewed, now: datetime) -> NewEvent:
    """Under a key without a time: once somebody has taken the two apart, it is not done again."""
    key = f"splink:{row.person_id}:{row.other_person_id}"
    reason = f"weight {row.weight}"
    return link_event(row, "identity_linked", key=key, by=SPLINK, reason=reason, now=now)


def _reviewed(proposal: Proposal) -> Reviewed:
    return Reviewed(
        proposal.person_id, proposal.other_person_id, proposal.weight, dict(proposal.features)
    )


def _decided(row: Reviewed, status: Status, by: str) -> Reviewed:
    return replace(row, status=status, decided_by=by)


def _append(log: EventLog, events: Sequence[NewEvent]) -> None:
    if events:
        log.append(events)
