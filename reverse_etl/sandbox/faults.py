"""Which requests go wrong, and how: a seeded plan, so that a failure can be repeated."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reverse_etl.errors import FaultPlanError

_STATUS: Final = re.compile(r"^status_([45]\d\d)$")
_NAMED: Final = {"slow", "drop_before", "drop_after", "malformed", "item_failure", "expired_token"}
_RULE_KEYS: Final = {
    "vendor",
    "path",
    "probability",
    "first",
    "every",
    "fault",
    "retry_after",
    "ms",
}
_WHEN: Final = ("probability", "first", "every")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault for requests whose path contains `path`."""

    vendor: str
    fault: str
    path: str = ""
    probability: float | None = None
    first: int | None = None
    every: int | None = None
    retry_after: float | None = None
    ms: int = 0

    @property
    def status(self) -> int | None:
        """The HTTP status of a status fault."""
        found = _STATUS.match(self.fault)
        return int(found[1]) if found else None

    def strikes(self, number: int, rng: random.Random) -> bool:
        """Whether the `number`-th matching request (from 1) goes wrong."""
        if self.first is not None:
            return number <= self.first
        if self.every is not None:
            return number % self.every == 0
        return self.probability is None or rng.random() < self.probability


@dataclass(slots=True)
class FaultPlan:
    """Rules in order; the first that strikes wins."""

    seed: int = 1
    rules: tuple[Rule, ...] = ()
    _rng: random.Random = field(init=False)
    _seen: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311  # chance that can be repeated, no secret

    def choose(self, vendor: str, path: str) -> Rule | None:
        """The fault for this request, if any."""
        for number, rule in enumerate(self.rules):
            if rule.vendor != vendor or rule.path not in path:
                continue
            self._seen[number] = self._seen.get(number, 0) + 1
            if rule.strikes(self._seen[number], self._rng):
                return rule
        return None


def parse_plan(body: object, vendors: Collection[str]) -> FaultPlan:
    """A plan for these vendors, from JSON. Raises FaultPlanError that names rule and field."""
    if not isinstance(body, Mapping) or not set(body) <= {"seed", "rules"}:
        raise FaultPlanError('A fault plan is an object with "seed" and "rules".')
    seed, rules = body.get("seed", 1), body.get("rules", [])
    if not _is_int(seed) or not isinstance(rules, list):
        raise FaultPlanError('"seed" is an integer and "rules" is a list.')
    return FaultPlan(seed, tuple(_rule(number, rule, vendors) for number, rule in enumerate(rules)))


def _rule(number: int, rule: object, vendors: Collection[str]) -> Rule:
    if not isinstance(rule, Mapping):
        raise FaultPlanError(f"Rule {number} is not an object.")
    for problem in _problems(rule, vendors):
        raise FaultPlanError(f"Rule {number}: {problem}")
    return Rule(**rule)


def _problems(rule: Mapping[str, Any], vendors: Collection[str]) -> list[str]:
    unknown = sorted(set(rule) - _RULE_KEYS)
    fault = rule.get("fault")
    checks = {
        f"unknown field {unknown[:1]}.": bool(unknown),
        f"vendor must be one of {', '.join(vendors)}.": rule.get("vendor") not in vendors,
        f"fault must be status_4xx/5xx or one of {', '.join(sorted(_NAMED))}.": not (
            isinstance(fault, str) and (fault in _NAMED or _STATUS.match(fault))
        ),
        "path must be a text.": not isinstance(rule.get("path", ""), str),
        f"give at most one of {', '.join(_WHEN)}.": sum(name in rule for name in _WHEN) > 1,
        "probability must lie between 0 and 1.": not _between(rule.get("probability", 0), 0, 1),
        "first must be a positive integer.": not _positive(rule.get("first", 1)),
        "every must be a positive integer.": not _positive(rule.get("every", 1)),
        "retry_after must be seconds, at most 3600.": not _between(
            rule.get("retry_after", 0), 0, 3600
        ),
        "ms must be an integer from 0 to 600000.": not (
            _is_int(rule.get("ms", 0)) and 0 <= rule.get("ms", 0) <= 600_000
        ),
    }
    return [problem for problem, wrong in checks.items() if wrong]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _between(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return low <= value <= high
