"""The rules on single rows, without Great Expectations: for a few rows its start alone would take
longer than everything else between a form and the CRM. A test compares the two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestration.quality.expectations import Contract, Rule

Row = Mapping[str, Any]


def broken_rules(contract: Contract, rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Key of each row that breaks blocking rules → their names; each row has the contract's key
    and columns."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in contract.rules:
        if rule.blocking:
            for row in _BREAKING[rule.expectation](rule, rows):
                key = "/".join(str(row[column]) for column in contract.key)
                found[key] = tuple(dict.fromkeys((*found.get(key, ()), rule.name)))
    return found


def _null(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[rule.arguments["column"]] is None]


def _foreign(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    allowed = rule.arguments["value_set"]
    return [row for row in _with_value(rule, rows) if row[rule.arguments["column"]] not in allowed]


def _unlike(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    pattern, column = re.compile(rule.arguments["regex"]), rule.arguments["column"]
    return [row for row in _with_value(rule, rows) if not pattern.search(str(row[column]))]


def _repeated(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    column = rule.arguments["column"]
    counts = Counter(row[column] for row in rows)
    return [row for row in _with_value(rule, rows) if counts[row[column]] > 1]


def _outside(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    column = rule.arguments["column"]
    least, most = rule.arguments["min_value"], rule.arguments["max_value"]
    return [
        row
        for row in _with_value(rule, rows)
        if (least is not None and row[column] < least) or (most is not None and row[column] > most)
    ]


def _with_value(rule: Rule, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[rule.arguments["column"]] is not None]


_BREAKING: Final[Mapping[str, Callable[[Rule, Sequence[Row]], list[Row]]]] = {
    "ExpectColumnValuesToNotBeNull": _null,
    "ExpectColumnValuesToBeInSet": _foreign,
    "ExpectColumnValuesToMatchRegex": _unlike,
    "ExpectColumnValuesToBeUnique": _repeated,
    "ExpectColumnValuesToBeBetween": _outside,
}


def known() -> frozenset[str]:
    """The expectations that can be judged here."""
    return frozenset(_BREAKING)
