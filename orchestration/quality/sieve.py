"""Which rows of a large table may break a contract, by SQL: Great Expectations judges these, and
some others to see that nothing was overlooked.

Whoever is not sure lets a row through: what SQL understands otherwise than Great Expectations
(letters beyond ASCII in patterns, a NaN) is judged, not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from orchestration.quality.expectations import Contract, Rule

SUSPECT: Final = "is_suspect"
SAMPLE: Final = 1_000
"""About so many rows are judged besides."""

_UNIQUE: Final = frozenset({"ExpectColumnValuesToBeUnique", "ExpectCompoundColumnsToBeUnique"})
_FLOATS: Final = frozenset({"FLOAT", "DOUBLE"})


@dataclass(frozen=True, slots=True)
class Sieve:
    """`query`: yields rows with the contract's columns and whether they are suspect; `values` are
    bound to it; `rules`: what it sieves by, the others need every row."""

    query: str
    values: tuple[Any, ...]
    rules: tuple[Rule, ...]
    rows: int


def of(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Sieve | None:
    """For the table as it is; None where no rule can be sieved by."""
    types = _types(connection, contract)
    kept: list[str] = []
    values: list[Any] = []
    rules: list[Rule] = []
    for rule in contract.rules:
        condition = _condition(rule, types)
        if condition is not None:
            rules.append(rule)
            kept.append(condition[0])
            values.extend(condition[1])
    if not rules or not contract.key:
        return None
    rows, repeated = _repeated(connection, contract, rules)
    conditions = [f"coalesce({each}, false)" for each in kept if each]
    alone = [f"count(*) over (partition by {', '.join(each)}) = 1" for each in repeated]
    suspect = f"not ({' and '.join([*conditions, *alone]) or 'true'})"
    key = ", ".join(contract.key)
    query = f"""
        from (select *, {suspect} as {SUSPECT} from ({contract.query}) as asked)
        where {SUSPECT} or hash({key}) % {max(rows // SAMPLE, 1)} = 0
    """
    return Sieve(query, tuple(values), tuple(rules), rows)


def _types(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Mapping[str, str]:
    told = connection.execute(f"describe {contract.query}").fetchall()
    return {name: kind for name, kind, *_ in told}


def _repeated(
    connection: duckdb.DuckDBPyConnection, contract: Contract, rules: Sequence[Rule]
) -> tuple[int, list[tuple[str, ...]]]:
    """How many rows there are, and the columns that are to tell rows apart and do not."""
    told = [columns for rule in rules if (columns := _unique(rule))]
    more = "".join(f", count(distinct row({', '.join(columns)}))" for columns in told)
    [(rows, *distinct)] = connection.execute(
        f"select count(*){more} from ({contract.query}) as asked"
    ).fetchall()
    return rows, [columns for columns, number in zip(told, distinct, strict=True) if number < rows]


def _unique(rule: Rule) -> tuple[str, ...]:
    return rule.reads if rule.expectation in _UNIQUE else ()


Condition = tuple[str, tuple[Any, ...]]
"""SQL that is true of rows that surely keep a rule, and its values; empty for all of them."""


def _condition(rule: Rule, types: Mapping[str, str]) -> Condition | None:
    """None: cannot be told by SQL, or of single rows."""
    if "mostly" in rule.arguments:
        return None
    if _unique(rule):
        return "", ()
    made = _KEEPING.get(rule.expectation)
    return made(rule.arguments, types) if made else None


Arguments = Mapping[str, Any]


def _there(told: Arguments, types: Mapping[str, str]) -> Condition:
    column = told["column"]
    number = f" and not isnan({column})" if types[column] in _FLOATS else ""
    return f"{column} is not null{number}", ()


def _missing(told: Arguments, _types: Mapping[str, str]) -> Condition:
    return f"{told['column']} is null", ()


def _allowed(told: Arguments, types: Mapping[str, str]) -> Condition | None:
    column, values = told["column"], told["value_set"]
    if types[column] != "VARCHAR" or not all(isinstance(each, str) for each in values):
        return None
    return f"({column} is null or list_contains(?::varchar[], {column}))", (list(values),)


def _like(told: Arguments, types: Mapping[str, str]) -> Condition | None:
    """In printable ASCII both kinds of patterns mean the same, but for the end of a text."""
    column = told["column"]
    if types[column] != "VARCHAR":
        return None
    pattern = told["regex"].replace(r"\Z", r"\z")
    plain = f"regexp_full_match({column}, '[ -~]*')"
    return f"({column} is null or ({plain} and regexp_matches({column}, ?)))", (pattern,)


def _within(told: Arguments, _types: Mapping[str, str]) -> Condition:
    column = told["column"]
    ends = (("min_value", ">="), ("max_value", "<="))
    asked = [(sign, told[name]) for name, sign in ends if told[name] is not None]
    inside = " and ".join(f"{column} {sign} ?" for sign, _ in asked)
    return f"({column} is null or ({inside}))", tuple(value for _, value in asked)


def _ordered(told: Arguments, _types: Mapping[str, str]) -> Condition:
    first, second = told["column_A"], told["column_B"]
    sign = ">=" if told.get("or_equal") else ">"
    return f"(({first} is null and {second} is null) or {first} {sign} {second})", ()


_KEEPING: Final[Mapping[str, Callable[[Arguments, Mapping[str, str]], Condition | None]]] = {
    "ExpectColumnValuesToNotBeNull": _there,
    "ExpectColumnValuesToBeNull": _missing,
    "ExpectColumnValuesToBeInSet": _allowed,
    "ExpectColumnValuesToMatchRegex": _like,
    "ExpectColumnValuesToBeBetween": _within,
    "ExpectColumnPairValuesAToBeGreaterThanB": _ordered,
}
