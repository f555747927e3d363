"""Two tables that should hold the same rows, cell by cell. No value leaves this module.

The rows that both sides hold are set apart by DuckDB; what is left is few, and told by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from duckdb import DuckDBPyConnection

from ingestion.contracts.values import MISSING, value_class
from orchestration.fast_lane.slice import quoted
from orchestration.lane_parity.outcome import What

Row = Mapping[str, Any]

_JSON: Final = (bool, int, float, str, list, type(None))


@dataclass(frozen=True, slots=True)
class Found:
    """What differs: a cell (`column`), or a whole row that the lane does not make (missing), or
    makes besides (too_many). `published` and `made` are classes of values."""

    what: What
    row: Row
    column: str | None = None
    published: str = MISSING
    made: str = MISSING


def only_in(
    connection: DuckDBPyConnection, one: str, other: str, columns: Sequence[str]
) -> list[Row]:
    """Rows of one relation (SQL to select from) that the other lacks, each as often as it does."""
    named = ", ".join(map(quoted, columns))
    found = connection.execute(
        f"select {named} from {one} except all select {named} from {other}"
    ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


def differences(
    unique: Sequence[str], published: Sequence[Row], made: Sequence[Row]
) -> Iterator[Found]:
    """Of rows that only one side holds: those that `unique` says are the same row differ in
    cells; without such columns every row stands for itself."""
    waiting: dict[tuple[Any, ...] | int, list[Row]] = {}
    for number, row in enumerate(made):
        waiting.setdefault(_key(unique, row, number), []).append(row)
    for number, row in enumerate(published, start=len(made)):
        same = waiting.get(_key(unique, row, number))
        if same:
            yield from _changed(row, same.pop())
        else:
            yield Found("missing", row)
    yield from (Found("too_many", row) for rows in waiting.values() for row in rows)


def _key(unique: Sequence[str], row: Row, number: int) -> tuple[Any, ...] | int:
    """What the row is known by; its number where nothing tells rows apart."""
    return tuple(row[column] for column in unique) if unique else number


def _changed(published: Row, made: Row) -> Iterator[Found]:
    for column, value in published.items():
        if value != made[column]:
            told = (_class(value), _class(made[column]))
            yield Found("changed", published, column, *told)


def _class(value: object) -> str:
    """Enough to see what kind of mistake it is, and never the value."""
    return value_class(value) if isinstance(value, _JSON) else type(value).__name__.lower()
