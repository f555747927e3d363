"""What the warehouse was built from: one row a build, in the warehouse itself.

An incremental build writes its row in the transaction that merges its rows. A full build, which
dbt commits model by model, first writes a row without an end: until it has one, the next build
has nothing to go on and is a full one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from duckdb import CatalogException, DuckDBPyConnection

SCHEMA = "millrace"
TABLE = f"{SCHEMA}.builds"


@dataclass(frozen=True, slots=True)
class State:
    """The last finished build: `position` of the last event in it, `fingerprint` of the models,
    `since_full`: incremental builds after the last full one, which finished at `full_at`."""

    position: int
    fingerprint: str
    since_full: int
    full_at: datetime


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build, as it is told: `kind` is full or incremental; a full one has a `reason`,
    an incremental one counts."""

    kind: str
    reason: str | None
    new_events: int | None
    touched_people: int | None
    touched_events: int | None
    seconds: float


def last(connection: DuckDBPyConnection) -> Build | None:
    """The last build, if it was finished."""
    if read(connection) is None:
        return None
    [build] = connection.execute(
        f"""
        select kind, reason, new_events, touched_people, touched_events, seconds
        from {TABLE} order by build desc limit 1
        """
    ).fetchall()
    return Build(*build)


def read(connection: DuckDBPyConnection) -> State | None:
    """None where the tables are of no known build."""
    try:
        builds = connection.execute(
            f"select kind, log_position, fingerprint, finished_at from {TABLE} order by build"
        ).fetchall()
    except CatalogException:  # no build was ever recorded
        return None
    if not builds or builds[-1][3] is None:
        return None
    full = max(index for index, build in enumerate(builds) if build[0] == "full")
    _, position, fingerprint, _ = builds[-1]
    return State(position, fingerprint, len(builds) - 1 - full, builds[full][3])


def begin_full(connection: DuckDBPyConnection, reason: str) -> None:
    """The tables are about to be replaced: forget what they were."""
    _create(connection)
    connection.execute(
        f"""
        insert into {TABLE} (build, kind, reason)
        select coalesce(max(build), 0) + 1, 'full', ? from {TABLE}
        """,
        [reason],
    )


def end_full(
    connection: DuckDBPyConnection,
    *,
    position: int,
    fingerprint: str,
    seconds: float,
    now: datetime,
) -> None:
    """The build that began last stands."""
    connection.execute(
        f"""
        update {TABLE}
        set log_position = ?, fingerprint = ?, seconds = ?, finished_at = ?
        where build = (select max(build) from {TABLE})
        """,
        [position, fingerprint, seconds, now],
    )


def add_incremental(
    connection: DuckDBPyConnection,
    *,
    position: int,
    fingerprint: str,
    new_events: int,
    touched_people: int,
    touched_events: int,
    seconds: float,
    now: datetime,
) -> None:
    """To be called inside the transaction that merges the rows."""
    connection.execute(
        f"""
        insert into {TABLE}
        select coalesce(max(build), 0) + 1, 'incremental', null, ?, ?, ?, ?, ?, ?, ? from {TABLE}
        """,
        [position, fingerprint, new_events, touched_people, touched_events, seconds, now],
    )


def forget(connection: DuckDBPyConnection, reason: str) -> None:
    """Make the next build a full one: events that were built in have changed."""
    if read(connection) is not None:
        begin_full(connection, reason)


def _create(connection: DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        create schema if not exists {SCHEMA};
        create table if not exists {TABLE} (
            build bigint not null,
            kind varchar not null,
            reason varchar,
            log_position bigint,
            fingerprint varchar,
            new_events bigint,
            touched_people bigint,
            touched_events bigint,
            seconds double,
            finished_at timestamptz
        )
        """
    )
