"""What the checks of the last runs said: one JSON line for each check, the newest last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from filelock import FileLock

from orchestration.quality.report import Report

FILE: Final = "results.jsonl"
CONTRACT: Final = "contract"
"""The check of a table's rows; others are measures."""
KEEP: Final = 20
"""Results of each check that are kept."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that did not hold: `keys` are a sample; neither they nor `detail` hold PII."""

    rule: str
    blocking: bool
    count: int
    keys: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one table. `check`: contract, or the measure's name; `rows`: of the table, or
    series that could be judged; `digest`: of the contract and of what was checked, None where that
    is always read; `unchanged`: the digest was that of the result before, which still stands."""

    border: str
    table: str
    check: str
    at: datetime
    run: str
    rows: int
    rules: int
    seconds: float
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str | None = None
    unchanged: bool = False
    blocked: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocked", any(each.blocking for each in self.broken))

    @property
    def id(self) -> tuple[str, str]:
        """What it is a check of."""
        return self.table, self.check

    @property
    def state(self) -> str:
        if self.blocked:
            return "failed"
        if self.broken:
            return "warned"
        if self.rows:
            return "passed"
        return "no rows" if self.check == CONTRACT else "not judged"


def of_report(
    report: Report, *, border: str, table: str, check: str, at: datetime, run: str, seconds: float
) -> Result:
    """What is kept of a report: no more keys than are shown."""
    broken = tuple(
        Broken(each.rule, each.blocking, each.count, each.shown_keys, each.told)
        for each in report.failures
    )
    return Result(
        border, table, check, at, run, report.rows, report.rules, round(seconds, 3), broken,
        report.notes,
    )  # fmt: skip


def read(folder: Path) -> dict[tuple[str, str], list[Result]]:
    """By table and check, the newest last; empty before the first run."""
    file, found = folder / FILE, defaultdict[tuple[str, str], list[Result]](list)
    if file.exists():
        for line in file.read_bytes().splitlines():
            result = _result(orjson.loads(line))
            found[result.id].append(result)
    return dict(found)


def add(folder: Path, results: Sequence[Result]) -> None:
    """Append these; of each check the newest are kept. Processes may add side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder / f"{FILE}.lock")):
        found = read(folder)
        for result in results:
            found.setdefault(result.id, []).append(result)
        kept = sorted((each for all_ in found.values() for each in all_[-KEEP:]), key=_time)
        staged = (folder / FILE).with_suffix(".next")
        staged.write_bytes(b"".join(_lines(kept)))
        staged.replace(folder / FILE)


def _time(result: Result) -> datetime:
    return result.at


def _lines(results: Iterable[Result]) -> Iterable[bytes]:
    return (orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE) for each in results)


def _result(told: dict[str, Any]) -> Result:
    told.pop("blocked")
    broken = tuple(Broken(**{**each, "keys": tuple(each["keys"])}) for each in told.pop("broken"))
    at = datetime.fromisoformat(told.pop("at"))
    return Result(**{**told, "notes": tuple(told["notes"])}, at=at, broken=broken)
