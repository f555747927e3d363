"""Score rules as the seeds hold them, and what is wrong with them before anything is built."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from orchestration.errors import ScoreRulesInvalidError

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"

RULE_COLUMNS: Final = (
    "rule_id", "version", "kind", "field", "operator", "value", "points", "half_life_days", "cap",
)  # fmt: skip
VERSION_COLUMNS: Final = ("version", "status", "kind", "threshold", "rearm_below", "live_from")
STATUSES: Final = frozenset({"live", "shadow", "retired"})
VERSION_KINDS: Final = frozenset({"rules", "scorecard"})
LISTS: Final = frozenset({"competitor_domains"})

MIN_HALF_LIFE, MAX_HALF_LIFE = 7, 3650  # days; below, 2^(days / half-life) leaves a double's range
MAX_POINTS = 1000
HALF_LIVES = 4  # of one version: the variable score_half_lives of dbt_project.yml

_WORDS = re.compile(r"[\w &/.'-]+(\|[\w &/.'-]+)*")
_NUMBER = re.compile(r"[0-9]+")

NO_VALUE: Final = frozenset({"present", "absent", "happened"})
OPERATORS: Final[Mapping[str, frozenset[str]]] = {
    "fit": frozenset(
        {"present", "absent", "equals", "not_equals", "in", "has_word", "listed", "at_least",
         "at_most"}
    ),
    "engagement": frozenset({"happened", "on_page"}),
}  # fmt: skip

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Seeds:
    """The rows of score_versions, score_rules and score_fields, every value as text."""

    versions: Sequence[Row]
    rules: Sequence[Row]
    fields: Sequence[Row]

    def version(self, name: str) -> Row | None:
        return next((row for row in self.versions if row.get("version") == name), None)

    @property
    def live(self) -> str:
        """The version that decides; the checks make sure that there is exactly one."""
        return next(str(row["version"]) for row in self.versions if row["status"] == "live")


def read_seeds(folder: Path = SEEDS) -> Seeds:
    """The three seeds as their files hold them; an empty cell is None."""
    return Seeds(*(_rows(folder / f"score_{name}.csv") for name in ("versions", "rules", "fields")))


def ensure_sound(folder: Path = SEEDS) -> Seeds:
    """The seeds, if every rule can be scored by.

    Raises ScoreRulesInvalidError with the first problems.
    """
    seeds = read_seeds(folder)
    problems = check(seeds)
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise ScoreRulesInvalidError("; ".join(problems[:5]) + more + ".")
    return seeds


def check(seeds: Seeds) -> list[str]:
    """What is wrong, one sentence each; empty when all is well."""
    return [*_versions(seeds.versions), *_rules(seeds), *_half_lives(seeds.rules)]


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            {name: value or None for name, value in row.items()} for row in csv.DictReader(lines)
        ]


def _versions(versions: Sequence[Row]) -> Iterator[str]:
    live = sum(row.get("status") == "live" for row in versions)
    if live != 1:
        yield f"score_versions has {live} live versions instead of one"
    for name, count in Counter(row.get("version") for row in versions).items():
        if count > 1:
            yield f"version {name} is listed {count} times"
    for row in versions:
        yield from (f"version {row.get('version')}: {problem}" for problem in _version(row))


def _version(row: Row) -> Iterator[str]:
    threshold, rearm = _decimal(row.get("threshold")), row.get("rearm_below")
    if row.get("status") not in STATUSES:
        yield f"unknown status {row.get('status')}"
    if row.get("kind") not in VERSION_KINDS:
        yield f"unknown kind {row.get('kind')}"
    if threshold is None or threshold != int(threshold):
        yield "threshold is not a whole number"
    elif rearm is not None and not (
        (low := _decimal(rearm)) is not None and low == int(low) and low <= threshold
    ):
        yield "rearm_below is not a whole number up to the threshold"


def _rules(seeds: Seeds) -> Iterator[str]:
    versions = {row.get("version") for row in seeds.versions}
    fields = {(row.get("kind"), row.get("field")) for row in seeds.fields}
    names = Counter((row.get("version"), row.get("rule_id")) for row in seeds.rules)
    for (version, rule_id), count in names.items():
        if count > 1:
            yield f"rule {rule_id} of {version} is listed {count} times"
    for row in seeds.rules:
        where = f"rule {row.get('rule_id')} of {row.get('version')}"
        if row.get("version") not in versions:
            yield f"{where}: score_versions has no such version"
        yield from (f"{where}: {problem}" for problem in rule_problems(row, fields))


def rule_problems(row: Row, fields: set[tuple[str | None, str | None]]) -> Iterator[str]:
    """What is wrong with one rule; `fields` are the pairs of kind and field there are."""
    kind, field, operator = row.get("kind") or "", row.get("field"), row.get("operator")
    if kind not in OPERATORS:
        yield f"unknown kind {kind}"
        return
    if (kind, field) not in fields:
        yield f"unknown {kind} field {field}"
    if operator not in OPERATORS[kind]:
        yield f"unknown {kind} operator {operator}"
    else:
        yield from _value(operator or "", row.get("value"))
    yield from _points(row)
    yield from _decay(row)


def _value(operator: str, value: str | None) -> Iterator[str]:
    if operator in NO_VALUE:
        if value is not None:
            yield f"{operator} takes no value"
    elif value is None:
        yield f"{operator} needs a value"
    elif complaint := _VALUES.get(operator, _anything)(value):
        yield complaint


def _anything(_value: str) -> str | None:
    return None


def _number(value: str) -> str | None:
    return None if _NUMBER.fullmatch(value) else f"{value} is not a whole number"


def _words(value: str) -> str | None:
    told = "may hold letters, digits, spaces and & / . ' -, parted by |"
    return None if _WORDS.fullmatch(value) else f"the words {value} {told}"


def _list(value: str) -> str | None:
    return None if value in LISTS else f"there is no list {value}"


_VALUES: Final[Mapping[str, Callable[[str], str | None]]] = {
    "at_least": _number,
    "at_most": _number,
    "has_word": _words,
    "on_page": _words,
    "listed": _list,
}


def _points(row: Row) -> Iterator[str]:
    points, cap = _decimal(row.get("points")), row.get("cap")
    if points is None or points == 0 or abs(points) > MAX_POINTS:
        yield f"points must be a number up to {MAX_POINTS}, and not 0"
    elif cap is not None:
        most = _decimal(cap)
        if most is None or most * points < 0 or abs(most) < abs(points):
            yield "cap must be a number of the sign of the points and hold at least one occurrence"


def _decay(row: Row) -> Iterator[str]:
    half_life = row.get("half_life_days")
    if row.get("kind") == "fit" and (half_life is not None or row.get("cap") is not None):
        yield "a fit rule has neither half_life_days nor cap"
    elif half_life is not None and not (
        _NUMBER.fullmatch(half_life) and MIN_HALF_LIFE <= int(half_life) <= MAX_HALF_LIFE
    ):
        yield f"half_life_days must be a whole number from {MIN_HALF_LIFE} to {MAX_HALF_LIFE}"


def _half_lives(rules: Iterable[Row]) -> Iterator[str]:
    found: dict[str | None, set[str]] = defaultdict(set)
    for row in rules:
        if half_life := row.get("half_life_days"):
            found[row.get("version")].add(half_life)
    for version, half_lives in found.items():
        if len(half_lives) > HALF_LIVES:
            yield (
                f"version {version} has {len(half_lives)} different half-lives; "
                f"{HALF_LIVES} are possible"
            )


def _decimal(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
