"""Decisions and answers go back to the event log, under keys that make a repeat harmless.

A decision's key comes from the event that caused it, so neither a rebuild nor a merge of two
people can make it twice; an answer's key names what the vendor said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb
import orjson

from ingestion.event_log import EventLog, NewEvent
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


def append_mql_decisions(
    log: EventLog, connection: duckdb.DuckDBPyConnection, *, now: datetime
) -> int:
    """Write `mql_reached` for each person who crossed the threshold; returns how many are new."""
    events = [mql_reached(row, now=now) for row in warehouse.rows(connection, UNDECIDED_MQLS)]
    return _append(log, events)


def append_answers(log: EventLog, answers: Sequence[Answer], *, now: datetime) -> int:
    """Write what a destination told us (the id it gave a contact); returns how many are new."""
    return _append(log, [answer_event(answer, now=now) for answer in answers])


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


def decision(key: str, body: dict[str, Any], correlation_id: str, now: datetime) -> NewEvent:
    """Another decision, under the key that makes it one."""
    return _event(key, "decision", body, correlation_id, now)


def answer_event(answer: Answer, *, now: datetime) -> NewEvent:
    key = f"{answer.type}:{answer.destination}:{answer.person_id}:{answer.vendor_id}"
    body = {
        "type": answer.type,
        "occurred_at": answer.occurred_at.isoformat(),
        "destination": answer.destination,
        "person_id": answer.person_id,
        "vendor_id": answer.vendor_id,
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


def _append(log: EventLog, events: Sequence[NewEvent]) -> int:
    return sum(not appended.duplicate for appended in log.append(events)) if events else 0
