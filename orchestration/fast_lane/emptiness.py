"""Whether a query can have rows while some tables have none, as DuckDB's plan shows. Pure.

An unknown operator counts as one that may have rows: a wrong yes would lose some.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

Plan = Mapping[str, Any]
"""A node of `explain (format json)`: name, children, extra_info."""

# Operators that yield nothing where their (first) input yields nothing.
_PASSING: Final = frozenset(
    {
        "PROJECTION", "FILTER", "HASH_GROUP_BY", "PERFECT_HASH_GROUP_BY", "WINDOW",
        "STREAMING_WINDOW", "ORDER_BY", "TOP_N", "LIMIT", "STREAMING_LIMIT", "UNNEST",
        "INOUT_FUNCTION",
    }
)  # fmt: skip
_JOINS: Final = frozenset(
    {"HASH_JOIN", "NESTED_LOOP_JOIN", "PIECEWISE_MERGE_JOIN", "IE_JOIN", "BLOCKWISE_NL_JOIN"}
)
# Type of a join → which of its sides make it empty by being so, where one alone does.
_EITHER: Final = frozenset({"INNER", "SEMI", "RIGHT_SEMI"})
_ONE: Final = {"LEFT": 0, "ANTI": 0, "MARK": 0, "SINGLE": 0, "RIGHT": 1, "RIGHT_ANTI": 1}


def is_empty(plan: Plan, empty: Set[str] = frozenset()) -> bool:
    """Whether the query of this plan yields no row where the tables in `empty` (by their full
    names, catalog.schema.table) have none."""
    return _Reading(empty).is_empty(plan)


@dataclass(frozen=True, slots=True)
class _Reading:
    """`shared`: which of the plan's common table expressions are empty, by their index."""

    tables: Set[str]
    shared: dict[str, bool] = field(default_factory=dict)

    def is_empty(self, node: Plan) -> bool:
        name, children = str(node["name"]).strip(), node.get("children", [])
        if name == "EMPTY_RESULT":
            return True
        if name == "SEQ_SCAN":
            return _info(node, "Table") in self.tables
        if name == "CTE":  # what is shared, then what reads it
            first, second = children
            self.shared[_info(node, "Table Index")] = self.is_empty(first)
            return self.is_empty(second)
        if name == "CTE_SCAN":
            return self.shared.get(_info(node, "CTE Index"), False)
        return self._is_empty_over(name, node, children)

    def _is_empty_over(self, name: str, node: Plan, children: list[Plan]) -> bool:
        """An operator over others."""
        if name in _PASSING:
            return self.is_empty(children[0])
        if name == "UNION":
            return all(map(self.is_empty, children))
        if name == "CROSS_PRODUCT":
            return any(map(self.is_empty, children))
        if name not in _JOINS:
            return False
        kind = _info(node, "Join Type")
        if kind in _EITHER:
            return any(map(self.is_empty, children))
        return kind in _ONE and self.is_empty(children[_ONE[kind]])


def _info(node: Plan, name: str) -> str:
    return str(node.get("extra_info", {}).get(name, ""))
