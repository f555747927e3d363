"""What a contract is made of, and short names for the usual rules.

An expectation is named by its Great Expectations class; its arguments are that class's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Border = Literal["raw", "canonical", "activation"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation; `blocking` ones stop what is downstream, the others warn."""

    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table promises. `key` columns identify a failing row without showing PII."""

    border: Border
    schema: str
    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def query(self) -> str:
        """For the key and the columns that the rules are about, and no others."""
        selected = ", ".join(dict.fromkeys((*self.key, *self.columns)))
        return f"select {selected} from {self.schema}.{self.table}"  # noqa: S608  our own names


def not_null(column: str, *, blocking: bool = True) -> Rule:
    return Rule("ExpectColumnValuesToNotBeNull", {"column": column}, blocking)


def unique(*columns: str) -> Rule:
    if len(columns) == 1:
        return Rule("ExpectColumnValuesToBeUnique", {"column": columns[0]})
    return Rule("ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)})


def one_of(column: str, *values: str) -> Rule:
    return Rule("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)})


def matches(column: str, regex: str, *, blocking: bool = True) -> Rule:
    return Rule(
        "ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex}, blocking=blocking
    )


SHA256 = r"^[0-9a-f]{64}$"
