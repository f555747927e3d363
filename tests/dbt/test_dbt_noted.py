"""The fast lane reads from its own events what the models say whom they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest
from dbt_builders import RawEvent
from dbt_histories import history
from dbt_lab import compiled_plan, laboratory
from dbt_warehouse import Warehouse

from ingestion.event_log.model import LogRow, to_micros
from orchestration.fast_lane.nodes import ABOUT
from orchestration.fast_lane.noted import note


@pytest.fixture(scope="module")
def told() -> list[RawEvent]:
    """Histories with many decisions and answers, copies of them among them."""
    events = {event.event_id: event for seed in range(6) for event in history(seed, 150)}
    return list(events.values())


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
    assert len({at for _, at in noted}) > 20
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
