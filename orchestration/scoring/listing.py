"""What `millrace score versions` tells."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

from orchestration.scoring import rules
from orchestration.settings import Settings


def listed(settings: Settings) -> list[dict[str, Any]]:
    """The versions of the seed files, with how many rules give points in each.

    Raises ScoreRulesInvalidError.
    """
    seeds = rules.ensure_sound()
    counts = Counter(row["version"] for row in seeds.rules) + _learnt(settings.scorecards)
    return [{**row, "rules": counts[row["version"]]} for row in seeds.versions]


def _learnt(folder: Path) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            found.update(row["version"] for row in csv.DictReader(lines))
    return found
