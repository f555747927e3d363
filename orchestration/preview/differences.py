"""Two relations that should hold the same rows, counted cell by cell inside DuckDB.

What `lane_parity` tells of a few people by name, told of whole tables by number: no row and no
value leaves the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from duckdb import DuckDBPyConnection

from orchestration.fast_lane.slice import quoted
from orchestration.preview.outcome import ModelChange

_HERE: Final = quoted("~here")


def change(
    connection: DuckDBPyConnection, model: str, held: str, made: str, unique: Sequence[str]
) -> ModelChange:
    """`held` and `made` are SQL to select from; `unique` are the columns that tell rows apart on
    both sides, empty where none do: then a row that differs is one gone and one new."""
    before, after = _columns(connection, held), _columns(connection, made)
    common = [name for name in after if name in before]
    by_key = bool(unique) and set(unique) <= set(common)
    as_text = [name for name in common if before[name] != after[name]]
    counted = (
        _paired(connection, held, made, unique, common, as_text)
        if by_key
        else _unpaired(connection, held, made, common, as_text)
    )
    added, removed, changed, cells = counted
    return ModelChange(
        model, added, removed, changed, by_key, cells,
        columns_added=tuple(name for name in after if name not in before),
        columns_removed=tuple(name for name in before if name not in after),
    )  # fmt: skip


def appeared(connection: DuckDBPyConnection, model: str, made: str) -> ModelChange:
    """A model that was not there before."""
    return ModelChange(model, _count(connection, made), 0, 0, True, {})


def gone(connection: DuckDBPyConnection, model: str, held: str) -> ModelChange:
    """A model that the changed project does not have."""
    return ModelChange(model, 0, _count(connection, held), 0, True, {})


Counted = tuple[int, int, int, Mapping[str, int]]
"""Rows added, removed and changed, and column → rows in which it differs."""


def _paired(
    connection: DuckDBPyConnection,
    held: str,
    made: str,
    unique: Sequence[str],
    common: Sequence[str],
    as_text: Sequence[str],
) -> Counted:
    keys = [name for name in common if name in unique]
    others = [name for name in common if name not in unique]
    both = f"held.{_HERE} and made.{_HERE}"
    differs = [_differs(name, as_text) for name in others]
    figures = [
        f"count(*) filter (where held.{_HERE} is null)",
        f"count(*) filter (where made.{_HERE} is null)",
        f"count(*) filter (where {both} and ({' or '.join(differs) or 'false'}))",
        *(f"count(*) filter (where {both} and {cell})" for cell in differs),
    ]
    same = " and ".join(_same(name, as_text) for name in keys)
    [(added, removed, changed, *cells)] = connection.execute(
        f"""
        select {", ".join(figures)}
        from (select *, true as {_HERE} from {held}) as held
        full outer join (select *, true as {_HERE} from {made}) as made on {same}
        """
    ).fetchall()
    return added, removed, changed, {n: c for n, c in zip(others, cells, strict=True) if c}


def _differs(name: str, as_text: Sequence[str]) -> str:
    """Nulls count as values."""
    return " is distinct from ".join(_sides(name, as_text))


def _same(name: str, as_text: Sequence[str]) -> str:
    """Written so that DuckDB can join by it."""
    return " is not distinct from ".join(_sides(name, as_text))


def _sides(name: str, as_text: Sequence[str]) -> tuple[str, str]:
    """The column on both; of two types that differ the texts are compared."""
    held, made = quoted("held", name), quoted("made", name)
    if name in as_text:
        return f"cast({held} as varchar)", f"cast({made} as varchar)"
    return held, made


def _unpaired(
    connection: DuckDBPyConnection,
    held: str,
    made: str,
    common: Sequence[str],
    as_text: Sequence[str],
) -> Counted:
    columns = ", ".join(
        f"cast({quoted(name)} as varchar)" if name in as_text else quoted(name) for name in common
    )
    if not columns:
        return _count(connection, made), _count(connection, held), 0, {}
    sides = [f"select {columns} from {side}" for side in (held, made)]
    removed = _count(connection, f"({sides[0]} except all {sides[1]})")
    added = _count(connection, f"({sides[1]} except all {sides[0]})")
    return added, removed, 0, {}


def _columns(connection: DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column → type, in order."""
    found = connection.execute(f"from {relation} limit 0").description or []
    return {column[0]: str(column[1]) for column in found}


def _count(connection: DuckDBPyConnection, relation: str) -> int:
    [(rows,)] = connection.execute(f"select count(*) from {relation}").fetchall()
    return int(rows)
