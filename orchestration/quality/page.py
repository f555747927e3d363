"""One page about every contract, to be read without a network: rules, results, failing keys, the
last runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from orchestration.quality import results, schema, words
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Border, Contract
from orchestration.quality.measured import MEASURES
from orchestration.quality.results import CONTRACT, Broken, Result

FILE: Final = "index.html"
BORDERS: Final[tuple[Border, ...]] = ("raw", "canonical", "activation")
UNCHECKED: Final = "not checked"

_TEMPLATE: Final = Path(__file__).with_name("page.html.j2")


@dataclass(frozen=True, slots=True)
class ShownRule:
    """`says`: in a sentence; `then`: what follows if it is broken."""

    name: str
    says: str
    origin: str
    blocking: bool
    then: str
    state: str
    broken: Broken | None


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A contract or a measure: its rules as they last came out, and its history, newest first."""

    border: Border
    table: str
    name: str
    rules: tuple[ShownRule, ...]
    history: tuple[Result, ...]

    @property
    def last(self) -> Result | None:
        return self.history[0] if self.history else None

    @property
    def state(self) -> str:
        return self.last.state if self.last else UNCHECKED

    @property
    def of(self) -> str:
        """What was looked at."""
        if self.last is None:
            return ""
        return _counted(self.last.rows, "row" if self.name == CONTRACT else "series judged")

    @property
    def broken(self) -> tuple[ShownRule, ...]:
        return tuple(rule for rule in self.rules if rule.broken)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.last.notes if self.last else ()

    @property
    def anchor(self) -> str:
        return f"{self.table}.{self.name}"


def shown(folder: Path, contracts: Contracts) -> list[ShownCheck]:
    """Everything the page tells, border by border."""
    found = results.read(folder)
    return [check for border in BORDERS for check in _of_border(border, contracts, found)]


def write(folder: Path, contracts: Contracts) -> Path:
    """Render the page; readers see the old or the new one."""
    from jinja2 import Environment  # late: a command that does not render does not need it

    checks = shown(folder, contracts)
    states = Counter(check.state for check in checks)
    told = {name: states.pop(name, 0) for name in ("failed", "warned", "passed")}
    template = Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    text = template.render(
        bad=[check for check in checks if check.broken],
        borders={border: [each for each in checks if each.border == border] for border in BORDERS},
        words=words,
        counts={**told, "other": states.total()},
        at=max((each.last.at for each in checks if each.last), default=None),
    )
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / f"{FILE}.next"
    with FileLock(f"{staged}.lock"):
        staged.write_text(text, encoding="utf-8")
        return staged.replace(folder / FILE)


def as_dict(check: ShownCheck) -> dict[str, Any]:
    """For programs."""
    last = check.last
    return {
        "border": check.border,
        "table": check.table,
        "check": check.name,
        "state": check.state,
        "rows": last.rows if last else None,
        "checked_at": last.at if last else None,
        "run": last.run if last else None,
        "rules": [
            {"rule": rule.name, "from": rule.origin, "blocking": rule.blocking, "state": rule.state}
            for rule in check.rules
        ],
        "broken": list(last.broken) if last else [],
        "notes": list(check.notes),
        "history": [{"at": each.at, "state": each.state} for each in check.history],
    }


def _of_border(
    border: Border, contracts: Contracts, found: dict[tuple[str, str], list[Result]]
) -> Iterator[ShownCheck]:
    for contract in contracts.at(border):
        history = _newest(found.get((contract.name, CONTRACT), []))
        rules = tuple(_rules(border, _told(contract), history))
        yield ShownCheck(border, contract.name, CONTRACT, rules, history)
    for measure in MEASURES:
        if measure.border == border:
            name = measure.contract.name
            history = _newest(found.get((name, measure.name), []))
            told = [(measure.name, measure.says, "hand", measure.blocking)]
            rules = tuple(_rules(border, told, history))
            yield ShownCheck(border, name, measure.name, rules, history)


def _newest(history: Sequence[Result]) -> tuple[Result, ...]:
    return tuple(reversed(history))


def _told(contract: Contract) -> Iterator[tuple[str, str, str, bool]]:
    if contract.types:
        yield schema.RULE, "columns and types are as promised", "dbt", True
    for rule in contract.rules:
        yield rule.name, words.says(rule), rule.origin, rule.blocking


def _rules(
    border: Border, told: Iterable[tuple[str, str, str, bool]], history: Sequence[Result]
) -> Iterator[ShownRule]:
    """`told`: name in the results, as it is shown, origin, whether it blocks."""
    broken = {each.rule: each for each in history[0].broken} if history else {}
    for name, text, origin, blocking in told:
        failed = broken.get(name)
        state = ("failed" if blocking else "warned") if failed else "passed"
        then = words.CONSEQUENCES[border] if blocking else words.WARNING
        shown_state = state if history else UNCHECKED
        yield ShownRule(name, text, origin, blocking, then, shown_state, failed)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 and not what.endswith('judged') else ''}"
