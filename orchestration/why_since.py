"""What the fast lane did for a lead since the last batch: the published copy cannot tell it yet.

The event log holds the decisions, the ledger whom they and the deliveries are about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from ingestion.event_log import EventLog, LoggedEvent
from reverse_etl.ledger import Ledger

Row = dict[str, Any]


def people_of(
    log: EventLog, ledger: Ledger, mentioned: Sequence[LoggedEvent], who: str
) -> list[str]:
    """The people that deliveries set off by these events are about. A request may tell of many
    people: then only those count whose rows mention `who`, too."""
    found: dict[str, None] = {}
    named = who.lower()
    for correlation_id in sorted({event.correlation_id for event in mentioned}):
        told = log.read(correlation_id=correlation_id, limit=100)
        alone = sum(event.kind not in ("decision", "answer") for event in told) == 1
        for row in ledger.find(correlation_id=correlation_id):
            if alone or who in (correlation_id, row.person_id) or named in row.payload.lower():
                found[row.person_id] = None
    return list(found)


def decided(
    log: EventLog, people: Collection[str], after: int, known: Collection[str]
) -> dict[str, list[Row]]:
    """MQLs, assignments and candidates behind this position of the log, as the marts name their
    columns; `known`: the ids of MQLs that the marts tell already."""
    found = {event.position: event for who in people for event in log.search(who)}
    events = [found[position] for position in sorted(found) if position > after]
    bodies = [(event, orjson.loads(event.body)) for event in events if event.kind == "decision"]
    mine = [(event, body) for event, body in bodies if body.get("person_id") in people]
    mqls = [
        {**body, "mql_id": event.event_key, "reached_at": _moment(body["occurred_at"])}
        for event, body in mine
        if body["type"] == "mql_reached" and event.event_key not in known
    ]
    owners = [
        body for _, body in mine if body["type"] == "owner_assigned" and body["mql_id"] not in known
    ]
    return {
        "mqls": mqls,
        "assignments": [_assignment(body) for body in owners],
        "candidates": [row for body in owners for row in _candidates(body)],
    }


def _assignment(body: Row) -> Row:
    told = {name: value for name, value in body.items() if name != "candidates"}
    return {
        **told,
        "rep_name": None,  # a seed's, and so the warehouse's
        "assigned_at": _moment(body["occurred_at"]),
        "sla_due_at": _moment(body["sla_due_at"]),
    }


def _candidates(body: Row) -> Iterator[Row]:
    for each in body.get("candidates") or ():
        chosen = each["rep_id"] == body["rep_id"]
        yield {**each, "is_chosen": chosen, "candidate_rank": each["rank"]}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
