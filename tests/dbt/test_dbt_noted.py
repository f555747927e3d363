"""The fast lane reads from its own events what the models say whom they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import orjson
import pytest
from dbt_builders import RawEvent, raw_event
from dbt_histories import history
from dbt_lab import compiled_plan, laboratory
from dbt_warehouse import Warehouse

from ingestion.event_log import NewEvent
from ingestion.event_log.model import LogRow, to_micros
from orchestration import decisions
from orchestration.fast_lane.nodes import ABOUT
from orchestration.fast_lane.noted import note

ASSIGNMENT = (
    "rep_id", "reason", "territory", "product_line", "segment", "sla_minutes", "sla_due_at",
)  # fmt: skip


@pytest.fixture(scope="module")
def told() -> list[RawEvent]:
    """A history with answers, and decisions about each of its events; copies among them."""
    events = {event.event_id: event for event in history(1, 200)}
    decided = [decision for event in list(events.values())[:20] for decision in _decisions(event)]
    again = [event.under_key(f"replay:1:{event.event_key}") for event in decided[:3]]
    return [*events.values(), *decided, *again]


@pytest.fixture(scope="module")
def by_models(warehouse: Warehouse, told: list[RawEvent]) -> dict[int, set[int]]:
    """Position → nodes, as the models say."""
    with laboratory(compiled_plan(warehouse), dict(warehouse.seeds())) as lab:
        lab.add(told)
        lab.build()
        return _grouped(lab.connection.execute(ABOUT).fetchall())


def test_whom_own_events_are_about(told: list[RawEvent], by_models: dict[int, set[int]]) -> None:
    """Each decision and each id of a contact has the nodes that the models give it."""
    sound = [_row(at, event) for at, event in enumerate(told, 1) if event.problem_code is None]
    noted, _ = note(sound)
    assert len({at for _, at in noted}) > 45
    assert _grouped(noted) == {at: by_models[at] for _, at in noted}


def test_what_the_models_must_say(told: list[RawEvent]) -> None:
    """Events of vendors, copies, what is incomplete, and other kinds of own events are left to the
    models."""
    rows = [_row(at, event) for at, event in enumerate(told, 1)]
    noted, others = note(rows)
    known = {at for _, at in noted}
    assert [row.position for row in others] == [
        at.position for at in rows if at.position not in known
    ]
    decided = next(row for row in rows if b"mql_reached" in row.body and row.position in known)
    unknown = [
        decided._replace(event_key=f"replay:1:{decided.event_key}"),
        decided._replace(event_key=f"{decided.event_key}~1a2b"),
        decided._replace(historical=True),
        decided._replace(source="typeform"),
        decided._replace(body=b""),
        decided._replace(body=b"[]"),
        decided._replace(body=b'{"type": "mql_reached", "person_id": 7}'),
        decided._replace(body=decided.body.replace(b"mql_reached", b"something_else")),
    ]
    assert ([], unknown) == note(unknown)


def _decisions(cause: RawEvent) -> list[RawEvent]:
    mql = {
        "person_id": f"p_{cause.event_key}",
        "reached_at": cause.received_at,
        "score": 80,
        "threshold": 70,
        "score_version": "v1",
        "cause_source": cause.source,
        "cause_event_key": cause.event_key,
        "correlation_id": cause.correlation_id,
    }
    assignment = dict.fromkeys(ASSIGNMENT) | mql | {"assigned_at": cause.received_at}
    assignment |= {"assignment_id": f"assigned:{cause.event_id}", "mql_id": f"mql:{cause.event_id}"}
    told = (
        decisions.mql_reached(mql, now=cause.received_at),
        decisions.owner_assigned(assignment, [], now=cause.received_at),
    )
    return [_as_raw(event) for event in told]


def _as_raw(event: NewEvent) -> RawEvent:
    body = orjson.loads(event.body)
    return raw_event(
        event.source, event.event_key, body["type"], body, event.received_at, kind=event.kind
    )


def _row(position: int, event: RawEvent) -> LogRow:
    return LogRow(
        position,
        event.source,
        event.event_key,
        event.kind,
        to_micros(event.received_at),
        event.correlation_id,
        event.historical,
        event.body_hash,
        None,
        (event.body or "").encode(),
    )


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for node, position in pairs:
        found[position].add(node)
    return dict(found)
