"""Which way a build goes, and what the warehouse remembers of builds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from orchestration.incremental import state, told
from orchestration.incremental.decide import Full, Incremental, Policy, decide
from orchestration.incremental.state import Build, State

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELD = State(position=10, fingerprint="f", since_full=3, full_at=NOW - timedelta(hours=2))


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


@pytest.mark.parametrize(
    ("held", "head", "policy", "reason"),
    [
        (None, 10, Policy(), "no finished build"),
        (replace(HELD, fingerprint="g"), 10, Policy(), "changed"),
        (HELD, 9, Policy(), "are gone"),
        (HELD, 10, Policy(after=3), "3 incremental builds"),
        (HELD, 10, Policy(every=timedelta(hours=2)), "the last full build is of 2026-03-01 10:00"),
    ],
)
def test_a_full_build_has_a_reason(
    held: State | None, head: int, policy: Policy, reason: str
) -> None:
    """Everything is built where the tables cannot be trusted, or by the clock."""
    decision = decide(held, fingerprint="f", head=head, policy=policy, now=NOW)

    assert isinstance(decision, Full)
    assert reason in decision.reason


def test_else_a_build_goes_on_from_the_last() -> None:
    """Also without new events."""
    decision = decide(HELD, fingerprint="f", head=10, policy=Policy(after=4), now=NOW)

    assert Incremental(HELD) == decision


def test_many_people_of_few_are_not_too_many() -> None:
    """A share counts only where there are many people."""
    policy = Policy(share=0.3, few=100)

    assert not policy.too_many(100, 100)
    assert not policy.too_many(300, 1_000)
    assert policy.too_many(301, 1_000)


def test_a_full_build_that_did_not_end_is_no_state(warehouse: duckdb.DuckDBPyConnection) -> None:
    """dbt commits model by model: half a build is nothing to go on from."""
    assert state.read(warehouse) is None
    state.begin_full(warehouse, "first")
    assert state.read(warehouse) is None
    state.end_full(warehouse, position=7, fingerprint="f", seconds=1.5, now=NOW)
    assert State(7, "f", 0, NOW) == state.read(warehouse)
    assert Build("full", "first", None, None, None, 1.5) == state.last(warehouse)


def test_incremental_builds_are_counted_from_the_last_full_one(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The position moves on, the time of the full build stays, until all is forgotten."""
    state.begin_full(warehouse, "first")
    state.end_full(warehouse, position=7, fingerprint="f", seconds=1, now=NOW)
    for position in (8, 9):
        state.add_incremental(
            warehouse,
            position=position,
            fingerprint="f",
            new_events=1,
            touched_people=2,
            touched_events=30,
            seconds=0.5,
            now=NOW + timedelta(hours=1),
        )

    assert State(9, "f", 2, NOW) == state.read(warehouse)
    assert {
        "build": "incremental",
        "build_new_events": 1,
        "build_touched_people": 2,
        "build_touched_events": 30,
        "build_seconds": 0.5,
    } == told.last(state.last(warehouse))

    state.forget(warehouse, "erased")
    assert state.read(warehouse) is None
