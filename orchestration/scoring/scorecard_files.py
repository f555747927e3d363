"""Where trained scorecards are kept: CSV files in the shape of the seed score_rules.

They are kept outside the warehouse, so that a full rebuild reads them again, and one file a
version, so that a person can read, compare and archive what a version gave points for.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestration.scoring.rules import RULE_COLUMNS, Row

HEADER_ONLY = "0-header.csv"  # a reader of *.csv finds columns before the first training


def prepared(folder: Path) -> Path:
    """The folder, with a file that tells the columns even when nothing was trained yet."""
    header = folder / HEADER_ONLY
    if not header.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(header, [])
    return folder


def write(folder: Path, version: str, rows: Iterable[Row], about: Mapping[str, Any]) -> Path:
    """Replace the version's points, and tell beside them how they came to be; returns the file."""
    target = prepared(folder) / f"{version}.csv"
    staged = target.with_suffix(".next")
    _write(staged, rows)
    target.with_suffix(".json").write_text(json.dumps(about, indent=2, default=str) + "\n")
    os.replace(staged, target)  # noqa: PTH105  the atomic one, by name
    return target


def _write(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, RULE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
