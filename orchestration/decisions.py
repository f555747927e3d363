"""Decisions and answers go back to the event log, under keys that make a repeat harmless.

A decision's key comes from the event that caused it, so neither a rebuild nor a merge of two
people can make it twice; an answer's key names what the vendor said. The first decision under a
key stands: who looked at older tables may not overrule it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import orjson

from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.dedup import Key
from orchestration import warehouse
from reverse_etl.model import Answer

SOURCE = "millrace"

UNDECIDED_MQLS = """
    select person_id, reached_at, score, threshold, score_version, cause_source, cause_event_key,
           correlation_id
    from marts.fct_mqls
    where not is_decided
    order by reached_at, cause_event_key
"""
UNDECIDED_ASSIGNMENTS = """
    select assignments.assignment_id, assignments.mql_id, assignments.person_id,
           assignments.rep_id, assignments.reason, assignments.territory,
           assignments.product_line, assignments.segment, assignments.sla_minutes,
           assignments.sla_due_at, assignments.assigned_at, assignments.correlation_id,
           mqls.cause_source, mqls.cause_event_key
    from marts.fct_assignments as assignments
    inner join marts.fct_mqls as mqls using (mql_id)
    where not assignments.is_decided
    order by assignments.assigned_at, assignments.assignment_id
"""
UNDECIDED_CANDIDATES = """
    select assignment_id, rep_id, candidate_rank as rank, reasons, open_load, capacity
    from intermediate.int_routing_candidates
    where not is_decided
    order by assignment_id, rank, rep_id
"""


@dataclass(frozen=True, slots=True)
class Undecided:
    """What the models found and the log does not know yet: rows of the three queries above."""

    mqls: Sequence[dict[str, Any]]
    assignments: Sequence[dict[str, Any]]
    candidates: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Decided:
    """How many decisions of each kind are new in the log."""

    mqls: int
    assignments: int


def undecided(connection: duckdb.DuckDBPyConnection) -> Undecided:
    """Of a warehouse."""
    queries = (UNDECIDED_MQLS, UNDECIDED_ASSIGNMENTS, UNDECIDED_CANDIDATES)
    return Undecided(*(warehouse.rows(connection, query) for query in queries))


def append_decisions(log: EventLog, found: Undecided, *, now: datetime) -> Decided:
    """Write `mql_reached` for each person who crossed the threshold, and `owner_assigned` for each
    MQL that has no owner in the log."""
    mqls = [mql_reached(row, now=now) for row in found.mqls]
    assignments = _assignments(found, now=now)
    new = _append_first(log, [*mqls, *assignments])
    return Decided(_among(mqls, new), _among(assignments, new))


def _among(events: Sequence[NewEvent], keys: Collection[str]) -> int:
    return sum(event.event_key in keys for event in events)


def _assignments(found: Undecided, *, now: datetime) -> list[NewEvent]:
    candidates: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found.candidates:
        told = {name: value for name, value in row.items() if name != "assignment_id"}
        candidates[row["assignment_id"]].append(told)
    return [
        owner_assigned(row, candidates[row["assignment_id"]], now=now) for row in found.assignments
    ]


def append_answers(log: EventLog, answers: Sequence[Answer], *, now: datetime) -> int:
    """Write what a destination told us (the id it gave a contact, what it knows of a person);
    returns how many are new."""
    return len(_append_first(log, [answer_event(answer, now=now) for answer in answers]))


def mql_reached(row: dict[str, Any], *, now: datetime) -> NewEvent:
    """`row` is one of `UNDECIDED_MQLS`."""
    cause = f"{row['cause_source']}:{row['cause_event_key']}"
    body = {
        "type": "mql_reached",
        "occurred_at": row["reached_at"].isoformat(),
        "person_id": row["person_id"],
        "score": row["score"],
        "threshold": row["threshold"],
        "score_version": row["score_version"],
        "cause_source": row["cause_source"],
        "cause_event_key": row["cause_event_key"],
    }
    return _event(f"mql_reached:{cause}", "decision", body, row["correlation_id"], now)


def owner_assigned(
    row: dict[str, Any], candidates: Sequence[dict[str, Any]], *, now: datetime
) -> NewEvent:
    """`row` is one of `UNDECIDED_ASSIGNMENTS`, `candidates` are its `UNDECIDED_CANDIDATES`."""
    due = row["sla_due_at"]
    body = {
        "type": "owner_assigned",
        "occurred_at": row["assigned_at"].isoformat(),
        "person_id": row["person_id"],
        "mql_id": row["mql_id"],
        "rep_id": row["rep_id"],
        "reason": row["reason"],
        "territory": row["territory"],
        "product_line": row["product_line"],
        "segment": row["segment"],
        "sla_minutes": row["sla_minutes"],
        "sla_due_at": due and due.isoformat(),
        "cause_source": row["cause_source"],
        "cause_event_key": row["cause_event_key"],
        "candidates": candidates,
    }
    return _event(row["assignment_id"], "decision", body, row["correlation_id"], now)


def decision(key: str, body: dict[str, Any], correlation_id: str, now: datetime) -> NewEvent:
    """Another decision, under the key that makes it one."""
    return _event(key, "decision", body, correlation_id, now)


def answer_event(answer: Answer, *, now: datetime) -> NewEvent:
    key = f"{answer.type}:{answer.destination}:{answer.key}"
    body = {
        "type": answer.type,
        "occurred_at": answer.occurred_at.isoformat(),
        "destination": answer.destination,
        "person_id": answer.person_id,
        **answer.data,
    }
    return _event(key, "answer", body, answer.correlation_id, now)


def _event(
    key: str, kind: Any, body: dict[str, Any], correlation_id: str, now: datetime
) -> NewEvent:
    return NewEvent(
        source=SOURCE,
        event_key=key,
        kind=kind,
        received_at=now,
        body=orjson.dumps(body, default=str),
        headers={},
        correlation_id=correlation_id,
    )


def _append_first(log: EventLog, events: Sequence[NewEvent]) -> frozenset[str]:
    """Append what has no decision or answer yet; the keys of those. Another body under a known key
    would be kept as a variant, and might count in place of the first."""
    if not events:
        return frozenset()
    known = log.positions(Key(event.source, event.event_key) for event in events)
    unknown = [event for event in events if Key(event.source, event.event_key) not in known]
    told = log.append(unknown) if unknown else []
    return frozenset(appended.event_key for appended in told if not appended.duplicate)
