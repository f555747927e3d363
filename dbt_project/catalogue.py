"""The error catalogue: every code that a user can meet, in one file that programs read too.

`seeds/error_catalogue.csv` is the file. It is a seed because quarantined events are judged in SQL;
gateway, ledger and commands read it here. A code that is not in it cannot be used.

`class` says what follows from a code:

| class | what follows |
|---|---|
| signature, request | the gateway refused the request (`status`); the sender must change it |
| unavailable | the gateway took nothing (`status`); the sender tries again by itself |
| content | the event is kept and quarantined until it is mended and replayed |
| ignored | the event is kept and nothing follows from it |
| retryable, unknown, held | the delivery waits: it is tried, read back or released by itself |
| permanent | the delivery is a dead letter |
| authentication | the destination is stopped until it has new credentials |
| cancelled, superseded | the delivery is no longer wanted |
| operation | a command or a batch cannot go on |
| defect | a fault of ours |
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FILE: Final = Path(__file__).parent / "seeds" / "error_catalogue.csv"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code. `status` is the HTTP status of our answer, where the code is one of an answer."""

    code: str
    status: int | None
    kind: str
    meaning: str
    remedy: str

    @property
    def title(self) -> str:
        """The meaning without its full stop."""
        return self.meaning.rstrip(".")


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every entry by its code, in alphabetical order."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        entries = [
            Entry(
                code=row["code"],
                status=int(row["status"]) if row["status"] else None,
                kind=row["class"],
                meaning=row["meaning"],
                remedy=row["remedy"],
            )
            for row in csv.DictReader(lines)
        ]
    return MappingProxyType({entry.code: entry for entry in entries})


def entry(code: str) -> Entry:
    """The entry of a code; KeyError when the catalogue has none."""
    return catalogue()[code]


def remedy(code: str | None) -> str | None:
    """What to do about a code; None when there is no code, or nobody knows it (a vendor's own)."""
    found = catalogue().get(code or "")
    return found.remedy if found else None
