"""Whether a query can have rows at all, as DuckDB's plan for it shows. Pure.

An unknown operator counts as one that may have rows: a wrong yes would lose some.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def is_empty(plan: Plan) -> bool:
    """Whether the query of this plan yields no row, whatever its tables hold."""
    return _is_empty(plan, {})


def _is_empty(node: Plan, shared: dict[str, bool]) -> bool:
    name, children = str(node["name"]).strip(), node.get("children", [])
    if name == "EMPTY_RESULT":
        return True
    if name == "CTE":  # what is shared, then what reads it
        first, second = children
        shared[_info(node, "Table Index")] = _is_empty(first, shared)
        return _is_empty(second, shared)
    if name == "CTE_SCAN":
        return shared.get(_info(node, "CTE Index"), False)
    if name == "UNION":
        return all(_is_empty(child, shared) for child in children)
    if name in _PASSING:
        return _is_empty(children[0], shared)
    if name == "CROSS_PRODUCT":
        return any(_is_empty(child, shared) for child in children)
    if name in _JOINS:
        return _is_empty_join(node, [_is_empty(child, shared) for child in children])
    return False


def _is_empty_join(node: Plan, empty: list[bool]) -> bool:
    kind = _info(node, "Join Type")
    if kind in _EITHER:
        return any(empty)
    return empty[_ONE[kind]] if kind in _ONE else all(empty)


def _info(node: Plan, name: str) -> str:
    return str(node.get("extra_info", {}).get(name, ""))
