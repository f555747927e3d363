"""What came of a contract, without a value of anybody: rules, counts and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reverse_etl.redact import redact

KEY_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken rule: `keys` are the failing rows' key values, `count` how many rows fail, `sample`
    shows the form of what stands there, `detail` says more where that is no data of anybody."""

    rule: str
    columns: tuple[str, ...]
    count: int
    keys: tuple[str, ...]
    blocking: bool
    detail: str = ""
    sample: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What is shown of it besides count and keys."""
        return self.detail or ", ".join(self.sample)

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The first of them; a key that a sender made of an address is masked."""
        return tuple(redact(key) if "@" in key else key for key in self.keys[:KEY_SAMPLE])


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one contract on one table; `rules`: how many there are; `notes`: what could
    not be judged, and why."""

    table: str
    rows: int
    rules: int
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def blocked(self) -> bool:
        return any(failure.blocking for failure in self.failures)

    @property
    def broken_rules(self) -> dict[str, tuple[str, ...]]:
        """Key of each row that breaks blocking rules → their names."""
        found: dict[str, tuple[str, ...]] = {}
        for failure in self.failures:
            if failure.blocking:
                for key in failure.keys:
                    found[key] = (*found.get(key, ()), failure.rule)
        return found

    def markdown(self) -> str:
        """A table for the Dagster UI: rule, how many rows, the first keys, what stands there."""
        if self.passed:
            return "\n\n".join(
                [f"All {self.rules} rules hold for {self.rows:,} rows.", *self.notes]
            )
        lines = ["| rule | rows | keys | found (masked) |", "|---|---|---|---|"]
        lines += [_line(failure) for failure in self.failures]
        return "\n".join([*lines, "", *self.notes])


def _line(failure: Failure) -> str:
    cells = (failure.rule, f"{failure.count:,}", ", ".join(failure.shown_keys), failure.told)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def merged(first: Report, others: Sequence[Failure], rules: int) -> Report:
    """The same report with what else was found, of so many more rules."""
    return Report(
        first.table, first.rows, first.rules + rules, (*first.failures, *others), first.notes
    )
