"""Quarantined events: what is wrong with each, and appending them once more when it is mended.

A contract judges an event when it is loaded, so a mended contract is applied to a copy. The copy's
replay id is the fingerprint of the contract it is replayed under: under the same contract it is
the same copy, however often it is asked for. What a model judged (a picklist, an address) is
judged again by every batch, copy or no copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb

from dbt_project import catalogue
from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog, export
from ingestion.event_log.dedup import Key
from ingestion.event_log.model import Appended
from ingestion.problems import ProblemCode
from orchestration import warehouse
from orchestration.errors import NotFoundError

Row = dict[str, Any]

# Events of unknown types are ignored, not quarantined; asked for by name, they are listed as well.
LISTED: Final = """
    with events as (
        select outcomes.*, logged.event_key, logged.vendor_id, logged.correlation_id,
            regexp_replace(logged.event_key, '^replay:[^:]+:', '') as original_key
        from intermediate.int_event_outcomes as outcomes
        inner join staging.base_raw__events as logged using (position)
    ),
    copies as (
        select source, original_key,
            max(position) as position, arg_max(outcome, position) as outcome
        from events
        where event_key <> original_key
        group by source, original_key
    )
    select events.position, events.source, events.event_key, events.event_type, events.contract,
        events.code, events.path, events.problem_value as value, events.received_at,
        events.correlation_id, copies.position as replayed_as, copies.outcome as replay_outcome
    from events
    left join copies
        on events.source = copies.source and events.event_key = copies.original_key
    where (events.outcome = 'quarantined' or events.code = $1)
        and events.source = coalesce($2, events.source)
        and events.code = coalesce($3, events.code)
        and (not $4 or (events.event_key = events.original_key and not exists (
            select 1 from events as others
            where others.vendor_id = events.vendor_id and others.outcome = 'applied')))
    order by events.position desc
    limit $5
"""

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are meant; all of them by default. ``only_open`` leaves out copies, and what
    was applied in the meantime."""

    source: str | None = None
    code: str | None = None
    only_open: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did: events appended, and those whose copy was there already."""

    appended: Sequence[int]
    already_replayed: Sequence[int]


def listing(
    connection: duckdb.DuckDBPyConnection, log: EventLog, contracts: ContractSet, wanted: Wanted
) -> list[Row]:
    """The events with code, place and class of value, what to do, and where the copy is."""
    rows = _select(connection, wanted)
    keys = {row["position"]: _copy_key(row, contracts) for row in rows}
    waiting = log.positions(keys.values())
    for row in rows:
        newest = waiting.get(keys[row["position"]])
        if newest is not None and newest > (row["replayed_as"] or 0):
            row |= {"replayed_as": newest, "replay_outcome": "waiting"}
        row["remedy"] = catalogue.remedy(row["code"])
    return rows


def replay(
    connection: duckdb.DuckDBPyConnection,
    log: EventLog,
    contracts: ContractSet,
    wanted: Wanted,
    now: datetime,
    positions: Iterable[int] = (),
) -> ReplayReport:
    """Append what is wanted (of these positions, if any are given) once more.

    Raises NotFoundError when one of the positions is not among the events that are wanted.
    """
    chosen = set(positions)
    rows = _select(connection, wanted)
    missing = chosen - {row["position"] for row in rows}
    if missing:
        told = ", ".join(map(str, sorted(missing)))
        raise NotFoundError(f"Nothing was replayed: not quarantined, or applied since: {told}.")
    by_replay_id: dict[str, list[int]] = {}
    for row in rows:
        if not chosen or row["position"] in chosen:
            by_replay_id.setdefault(_replay_id(row, contracts), []).append(row["position"])
    answers = [
        answer
        for replay_id, found in by_replay_id.items()
        for answer in _append(log, found, replay_id, now)
    ]
    return ReplayReport(
        appended=[answer.position for answer in answers if not answer.duplicate],
        already_replayed=[answer.position for answer in answers if answer.duplicate],
    )


def _append(
    log: EventLog, positions: Sequence[int], replay_id: str, now: datetime
) -> Iterable[Appended]:
    for start in range(0, len(positions), _PAGE):
        yield from export.replay(log, positions[start : start + _PAGE], replay_id, now)


def _select(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[Row]:
    unknown = ProblemCode.EVENT_TYPE_UNKNOWN.value
    also = unknown if wanted.code == unknown else None
    parameters = (also, wanted.source, wanted.code, wanted.only_open, wanted.limit)
    return warehouse.rows(connection, LISTED, parameters)


def _copy_key(row: Row, contracts: ContractSet) -> Key:
    return Key(row["source"], f"replay:{_replay_id(row, contracts)}:{row['event_key']}")


def _replay_id(row: Row, contracts: ContractSet) -> str:
    return f"contract-{contracts.fingerprint(row['source'], row['event_type'])}"
