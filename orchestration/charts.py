"""Bar charts as Markdown tables: they show in the Dagster UI without a plotting library. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

NOTHING: Final = "Nothing yet."
WIDTH: Final = 24  # characters of the longest bar
_EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bar(value: float, largest: float) -> str:
    """A bar in proportion to the largest, in steps of an eighth of a character; one that is more
    than nothing shows."""
    if value <= 0 or largest <= 0:
        return ""
    eighths = max(1, round(value / largest * WIDTH * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]


def bars(heading: str, values: Mapping[str, float], notes: Mapping[str, str]) -> str:
    """One row a value, in the order given: name, bar, number, note."""
    largest = max(values.values(), default=0)
    if not largest:
        return NOTHING
    lines = [
        f"| {_cell(name)} | {bar(value, largest)} | {_number(value)} | {notes.get(name, '')} |"
        for name, value in values.items()
    ]
    return "\n".join([f"| {_cell(heading)} |  |  |  |", "|:--|:--|--:|:--|", *lines])


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; numbers stand to the right."""
    if not rows:
        return NOTHING
    ends = ["--:" if _is_number(column, rows) else ":--" for column in range(len(columns))]
    lines = ["| " + " | ".join(map(_shown, row)) + " |" for row in rows]
    head = "| " + " | ".join(map(_cell, columns)) + " |"
    return "\n".join([head, "|" + "|".join(ends) + "|", *lines])


def _is_number(column: int, rows: Sequence[Sequence[object]]) -> bool:
    return bool(rows) and all(isinstance(row[column], (int, float, type(None))) for row in rows)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return _number(value) if isinstance(value, (int, float)) else _cell(str(value))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
