"""What a change does to people: the named queries of sql/, over `published` and `preview`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from duckdb import DuckDBPyConnection

from orchestration import warehouse
from orchestration.preview.outcome import (
    SAMPLE,
    Attribution,
    Consent,
    Identity,
    Joined,
    Mql,
    Mqls,
    Owner,
    Scores,
)

_SQL: Final = Path(__file__).with_name("sql")
_BUCKETS: Final = {
    "down_25_or_more": "-25 or more",
    "down_10_to_25": "-10 to -25",
    "down_under_10": "down to -10",
    "up_under_10": "up to +10",
    "up_10_to_25": "+10 to +25",
    "up_25_or_more": "+25 or more",
}


def identity(connection: DuckDBPyConnection) -> Identity:
    """Who would become one person, and who several."""
    [counts] = _rows(connection, "people")
    joined = _rows(connection, "joined")
    merged = [row for row in joined if row["what"] == "merged"]
    split = [row for row in joined if row["what"] == "split"]
    return Identity(
        **counts,
        merged=_fewer(merged),
        split=_fewer(split),
        merged_sample=_sample(merged),
        split_sample=_sample(split),
    )


def scores(connection: DuckDBPyConnection) -> Scores:
    """How live scores move, and who crosses the threshold."""
    [row] = _rows(connection, "scores")
    return Scores(
        changed=row["changed"],
        up=row["up"],
        down=row["down"],
        spread=tuple(row["spread"] or ()),
        buckets={name: row[column] for column, name in _BUCKETS.items()},
        above=row["above"],
        below=row["below"],
        above_sample=_first(row["above_ids"]),
        below_sample=_first(row["below_ids"]),
    )


def mqls(connection: DuckDBPyConnection) -> Mqls:
    found = _rows(connection, "mqls")
    return Mqls(
        gained=tuple(_mql(row) for row in found if row["is_gained"]),
        lost=tuple(_mql(row) for row in found if not row["is_gained"]),
    )


def owners(connection: DuckDBPyConnection) -> list[Owner]:
    return [Owner(**row) for row in _rows(connection, "owners")]


def attribution(connection: DuckDBPyConnection) -> list[Attribution]:
    return [Attribution(**row) for row in _rows(connection, "attribution")]


def consents(connection: DuckDBPyConnection) -> list[Consent]:
    return [
        Consent(
            row["purpose"],
            row["gained"],
            row["lost"],
            _first(row["gained_ids"]),
            _first(row["lost_ids"]),
        )
        for row in _rows(connection, "consents")
    ]


def _mql(row: dict[str, Any]) -> Mql:
    return Mql(row["person_id"], row["score"], row["reached_at"])


def _fewer(rows: Sequence[dict[str, Any]]) -> int:
    return sum(len(row["others"]) - 1 for row in rows)


def _sample(rows: Sequence[dict[str, Any]]) -> tuple[Joined, ...]:
    return tuple(Joined(row["person_id"], tuple(row["others"])) for row in rows[:SAMPLE])


def _first(people: Sequence[str] | None) -> tuple[str, ...]:
    return tuple((people or ())[:SAMPLE])


def _rows(connection: DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    return warehouse.rows(connection, (_SQL / f"{name}.sql").read_text())
