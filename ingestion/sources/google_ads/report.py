"""A report as Google Ads exports it: CSV (UTF-8) or, for Excel, tabs (UTF-16), with titles above
the columns and totals below."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ingestion.errors import PullFileError

_COLUMNS: Final[Mapping[str, str]] = {
    "Day": "date",
    "Customer ID": "account",
    "Campaign ID": "campaign_id",
    "Campaign": "campaign_name",
    "Currency code": "currency",
    "Cost": "amount",
    "Impr.": "impressions",
    "Clicks": "clicks",
}
_NUMBERS: Final = frozenset(("amount", "impressions", "clicks"))
_TITLES: Final = 10  # lines above the columns, at most


def rows(file: Path) -> Iterator[Mapping[str, str]]:
    """A row for each day of a campaign, by the names of the standard vocabulary. Values are judged
    by their contract. Raises PullFileError when the file cannot be read or lacks a column."""
    lines = _text(file).splitlines()
    start, header = _header(file, lines)
    for cells in csv.reader(lines[start + 1 :], delimiter=_delimiter(lines[start])):
        if len(cells) != len(header):
            if any(cells):
                raise PullFileError(f"{file.name}: a row has {len(cells)} of {len(header)} cells.")
            continue
        told = dict(zip(header, cells, strict=True))
        if not told["Day"].startswith("Total"):
            yield {name: _clean(name, told[column]) for column, name in _COLUMNS.items()}


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise PullFileError(f"{file.name} cannot be read: {type(error).__name__}.") from None


def _header(file: Path, lines: Sequence[str]) -> tuple[int, list[str]]:
    """Where the columns are named, and their names."""
    for number, line in enumerate(lines[:_TITLES]):
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=_delimiter(line)), [])]
        if "Day" not in cells or len(cells) == 1:
            continue
        if missing := [column for column in _COLUMNS if column not in cells]:
            raise PullFileError(f"{file.name} has no column `{missing[0]}`.")
        return number, cells
    raise PullFileError(f"{file.name} names no columns: there is no `Day`.")


def _delimiter(line: str) -> str:
    return "\t" if "\t" in line else ","


def _clean(name: str, value: str) -> str:
    """Numbers without the commas that group thousands."""
    return value.strip().replace(",", "") if name in _NUMBERS else value.strip()
