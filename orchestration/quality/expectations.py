"""What a contract is made of, and short names for the usual rules.

An expectation is named by its Great Expectations class; its arguments are that class's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

Border = Literal["raw", "canonical", "activation"]
Origin = Literal["dbt", "hand"]

CHECKED: Final = "checked"
"""What the table is called in a contract's query, for expressions among its columns."""


_OF_VALUES: Final = frozenset(
    {
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToMatchRegex",
        "ExpectColumnValuesToBeBetween",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation; `blocking` ones stop what is downstream, the others warn.

    `name`: how it is told of. `columns`: of the table, what it is about. `origin`: read from the
    YAML of the dbt project, or written here. `reveals`: what breaks it is no data of anybody (names
    of columns), and may be shown. `elsewhere`: other tables say whether it holds.
    """

    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True
    name: str = ""
    columns: tuple[str, ...] = ()
    origin: Origin = "hand"
    reveals: bool = False
    elsewhere: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the contract's query that it is about."""
        told = self.arguments
        names = (told.get(name) for name in ("column", "column_A", "column_B"))
        return (*filter(None, names), *told.get("column_list", ()))

    @property
    def shows(self) -> bool:
        """Whether the form of what breaks it says something."""
        return bool(self.columns) and self.expectation in _OF_VALUES


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table promises. `key` columns identify a failing row without showing PII; `columns`
    may be expressions with a name; `types`: column → type, in the words of the YAML."""

    border: Border
    schema: str
    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def query(self) -> str:
        """For the key and the columns that the rules are about, and no others."""
        made = {column.rpartition(" as ")[2] for column in self.columns}
        key = (name for name in self.key if name not in made)
        selected = ", ".join(dict.fromkeys((*key, *self.columns)))
        return f"select {selected} from {self.name} as {CHECKED}"

    @property
    def of_rows(self) -> Contract:
        """Without what only other tables can say."""
        far = {rule.arguments["column"] for rule in self.rules if rule.elsewhere}
        return replace(
            self,
            columns=tuple(each for each in self.columns if each.rpartition(" as ")[2] not in far),
            rules=tuple(rule for rule in self.rules if not rule.elsewhere),
        )

    def with_rules(self, columns: Sequence[str], rules: Sequence[Rule]) -> Contract:
        """The same contract with more of both."""
        return replace(self, columns=(*self.columns, *columns), rules=(*self.rules, *rules))


def not_null(column: str, *, blocking: bool = True) -> Rule:
    return _of_column("ExpectColumnValuesToNotBeNull", "not_null", column, {}, blocking)


def unique(*columns: str, blocking: bool = True) -> Rule:
    if len(columns) == 1:
        return _of_column("ExpectColumnValuesToBeUnique", "unique", columns[0], {}, blocking)
    return Rule(
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": list(columns)},
        blocking,
        f"unique({', '.join(columns)})",
        columns,
    )


def one_of(column: str, *values: object, blocking: bool = True) -> Rule:
    told = {"value_set": list(values)}
    return _of_column("ExpectColumnValuesToBeInSet", "accepted_values", column, told, blocking)


def matches(column: str, regex: str, *, blocking: bool = True) -> Rule:
    told = {"regex": regex}
    return _of_column("ExpectColumnValuesToMatchRegex", "regex", column, told, blocking)


def between(
    column: str,
    least: float | None = None,
    most: float | None = None,
    *,
    blocking: bool = True,
) -> Rule:
    """Both ends are allowed; None is no end."""
    told = {"min_value": least, "max_value": most}
    return _of_column("ExpectColumnValuesToBeBetween", "range", column, told, blocking)


def never(column: str, name: str, *about: str, blocking: bool = True) -> Rule:
    """For a column of the query that has a value only where something is wrong."""
    return Rule("ExpectColumnValuesToBeNull", {"column": column}, blocking, name, about)


def _of_column(
    expectation: str, kind: str, column: str, told: Mapping[str, Any], blocking: bool
) -> Rule:
    return Rule(expectation, {"column": column, **told}, blocking, f"{kind}({column})", (column,))


SHA256 = r"^[0-9a-f]{64}$"
