"""The warehouse's models, brought up to date the cheapest right way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from duckdb import DuckDBPyConnection

from dbt_project.functions.register import register
from orchestration import warehouse
from orchestration.dbt import fingerprint
from orchestration.fast_lane.plan import Plan, read_plan
from orchestration.incremental import state
from orchestration.incremental.build import Report, rebuild
from orchestration.incremental.decide import Full, Policy, decide
from orchestration.incremental.state import Build
from orchestration.incremental.workspace import FullBuildNeededError
from orchestration.settings import Settings


def attempt(settings: Settings) -> Report | Full:
    """An incremental build if one is right; else the reason for a full one.

    The caller holds the warehouse. Raises what `rebuild` does.
    """
    plan = built_plan(settings)
    if plan is None or not settings.warehouse.exists():
        return Full("the warehouse holds no finished build")
    policy = policy_of(settings)
    with _connected(settings) as connection:
        decision = decide(
            state.read(connection),
            fingerprint=fingerprint(settings),
            head=warehouse.log_position(connection),
            policy=policy,
            now=datetime.now(UTC),
        )
        if isinstance(decision, Full):
            return decision
        try:
            return rebuild(
                connection,
                plan,
                decision.held,
                too_many=policy.too_many,
                now=lambda: datetime.now(UTC),
            )
        except FullBuildNeededError as needed:
            return Full(str(needed))


@contextmanager
def full_build(settings: Settings, reason: str) -> Iterator[Callable[[Path], None]]:
    """Around a full build by dbt: what it built on is forgotten first, and noted when it calls
    what this yields with the manifest that dbt wrote (the SQL that made the tables)."""
    started = perf_counter()
    built_manifest(settings).unlink(missing_ok=True)
    with _connected(settings) as connection:
        state.begin_full(connection, reason)
        head = warehouse.log_position(connection)

    def finished(manifest: Path) -> None:
        seconds = perf_counter() - started
        with _connected(settings) as connection:
            state.end_full(
                connection,
                position=head,
                fingerprint=fingerprint(settings),
                seconds=seconds,
                now=datetime.now(UTC),
            )
        built_manifest(settings).write_bytes(manifest.read_bytes())

    yield finished


def built_manifest(settings: Settings) -> Path:
    """The manifest with the SQL that made the tables; it is there after the first full build."""
    return settings.dbt_target / "built.json"


def built_plan(settings: Settings) -> Plan | None:
    """The statements that made the tables of the last full build."""
    built = built_manifest(settings)
    if not built.exists():
        return None
    return read_plan(json.loads(built.read_bytes()), fingerprint(settings))


def last_build(settings: Settings) -> Build | None:
    """What the tables of the warehouse come from."""
    with warehouse.connect(settings.warehouse, read_only=False) as connection:
        return state.last(connection)


def policy_of(settings: Settings) -> Policy:
    return Policy(
        share=settings.incremental_share,
        every=timedelta(hours=settings.full_build_hours),
        after=settings.full_build_after,
    )


@contextmanager
def _connected(settings: Settings) -> Iterator[DuckDBPyConnection]:
    with warehouse.connect(settings.warehouse, read_only=False) as connection:
        register(connection)
        yield connection
