"""What kinds of events a slice holds: what the models need not look for is known beforehand.

A lead's slice has a handful of kinds of events; the models know dozens. Where the kinds stand in
the SQL as constants, DuckDB's own optimiser leaves out whatever reads others, and what nothing is
left of is empty for certain (`emptiness.py`). That makes a build over one person several times
quicker, and changes no statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sources.parts import SCHEMA
from orchestration.fast_lane.slice import quoted

_PROBLEM: Final = ("problem_code", "problem_path", "problem_value")


class EventKind(NamedTuple):
    """What events have in common. `event_type` is None where no contract bounds its values;
    `is_sound`: nothing is wrong with their content."""

    source: str
    event_type: str | None
    contract: str | None
    historical: bool
    is_sound: bool

    @property
    def constants(self) -> dict[str, str | bool | None]:
        """Column of raw.events → the value that every event of the kind has."""
        told: dict[str, str | bool | None] = {
            "source": self.source,
            "contract": self.contract,
            "historical": self.historical,
        }
        if self.contract is not None:
            told["event_type"] = self.event_type
        return told | (dict.fromkeys(_PROBLEM) if self.is_sound else {})

    @property
    def columns(self) -> list[str]:
        """Those that differ from event to event."""
        return [name for name in SCHEMA.names if name not in self.constants]


Shape = frozenset[EventKind]

KINDS: Final = """
    select
        source,
        case when contract is not null then event_type end,
        contract,
        historical,
        problem_code is null
    from {table}
    group by all
    order by count(*) desc
"""
"""SQL: the kinds of the events of a table, those that come most often first."""


def split(events: pa.Table) -> dict[EventKind, pa.Table]:
    """Rows of raw.events by kind, each with the columns that differ."""
    keyed = events.append_column("sound", pc.is_null(events["problem_code"]))
    names = ["source", "event_type", "contract", "historical", "sound"]
    kinds = [_kind(*values) for values in zip(*(keyed[n].to_pylist() for n in names), strict=True)]
    found: dict[EventKind, list[int]] = {}
    for row, kind in enumerate(kinds):
        found.setdefault(kind, []).append(row)
    return {kind: events.select(kind.columns).take(rows) for kind, rows in found.items()}


def _kind(
    source: str, event_type: str | None, contract: str | None, historical: bool, is_sound: bool
) -> EventKind:
    return EventKind(
        source, event_type if contract is not None else None, contract, historical, is_sound
    )


def view_of(tables: Iterable[tuple[EventKind, str]]) -> str:
    """The query for raw.events over one table a kind, in which constants are constants. Without a
    kind, as before the first event, it has no rows."""
    branches = [
        f"select {', '.join(_column(kind, field) for field in SCHEMA)} from {table}"
        for kind, table in tables
    ]
    nulls = (f"cast(null as {_column_type(field)}) as {quoted(field.name)}" for field in SCHEMA)
    return "\nunion all\n".join(branches) or f"select {', '.join(nulls)} where false"


def _column(kind: EventKind, field: pa.Field) -> str:
    if field.name not in kind.constants:
        return quoted(field.name)
    value = kind.constants[field.name]
    return f"cast({_literal(value)} as {_type(field.type)}) as {quoted(field.name)}"


def _literal(value: str | bool | None) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else "'" + value.replace("'", "''") + "'"


def _type(arrow: pa.DataType) -> str:
    return "boolean" if pa.types.is_boolean(arrow) else "varchar"


def columns_of(kind: EventKind) -> str:
    """The columns of the table of a kind, for its definition."""
    fields = [SCHEMA.field(name) for name in kind.columns]
    return ", ".join(f"{quoted(each.name)} {_column_type(each)}" for each in fields)


def _column_type(field: pa.Field) -> str:
    types = {pa.int64(): "bigint", pa.timestamp("us", tz="UTC"): "timestamptz"}
    return types.get(field.type) or _type(field.type)
