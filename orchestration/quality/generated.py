"""Contracts that follow from the YAML of the dbt project, so that nothing is said twice.

| in the YAML | becomes |
|---|---|
| `data_type` of a column | the table has the column, with this type, and no other columns |
| `constraints: [{type: not_null}]`, tests `not_null` and `integrity: {not_null}` | never null |
| tests `unique` and `integrity: {primary_key}` or `{unique}` | no two rows alike |
| test `accepted_values` | one of these |
| test `relationships` | there is such a row |
| `config: {meta: {expect: {min: 0, max: 1}}}` of a column | in the range, both ends allowed |
| `config: {meta: {expect: {regex: '^a_'}}}` of a column | matches |

A test's `severity` says whether the rule blocks; `expect` blocks unless `severity: warn` stands in
it. At the activation border a test of dbt only tells, so that a build goes on, and its rule holds
the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestration.quality.expectations import (
    CHECKED,
    Border,
    Contract,
    Rule,
    between,
    matches,
    never,
    not_null,
    one_of,
    unique,
)

Node = Mapping[str, Any]

_REF: Final = re.compile(r"ref\(\s*['\"](\w+)['\"]")
_EXPECT: Final = frozenset({"min", "max", "regex", "severity"})
_NULLS: Final = "nulls"
_LONG: Final = frozenset({"payload"})
"""Columns whose text would only take memory: whether it is there is all that is asked."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A rule, and the columns that its query takes."""

    rule: Rule
    columns: tuple[str, ...]


def contracts(manifest: Mapping[str, Any]) -> tuple[Contract, ...]:
    """Of every public model and of the canonical models, in the order of their names.

    `manifest`: dbt's, as read from its file; compiled or only parsed. Raises ValueError for an
    `expect` that is not understood.
    """
    nodes = manifest["nodes"]
    tests: dict[str, list[Node]] = {}
    for _, node in sorted(nodes.items()):
        if node["resource_type"] == "test" and node.get("test_metadata"):
            tests.setdefault(node.get("attached_node") or "", []).append(node)
    made = [
        _contract(node, border, tests.get(node_id, []), nodes)
        for node_id, node in nodes.items()
        if (border := _border(node)) is not None
    ]
    return tuple(sorted(made, key=lambda each: each.name))


def _border(node: Node) -> Border | None:
    if node["resource_type"] != "model":
        return None
    layer = node["fqn"][1:-1]
    if layer[0] == "activation":
        return "activation"
    if layer[0] == "marts" or (layer[:2] == ["intermediate", "canonical"] and len(layer) == 2):
        return "canonical"
    return None


def _contract(
    node: Node, border: Border, tests: Sequence[Node], nodes: Mapping[str, Node]
) -> Contract:
    nulls = _never_null(node, tests)
    found = [*_each_null(nulls)] if border == "activation" else [*_all_nulls(nulls)]
    found += [each for test in tests for each in _of_test(test, node, nodes)]
    found += _expected(node)
    shown = _shown_key(node, tests)
    unlike = {each.rule.name: each for each in found}  # the same may be said twice
    return Contract(
        border=border,
        schema=node["schema"],
        table=node["alias"],
        key=tuple(shown),
        columns=(*shown.values(), *(name for each in unlike.values() for name in each.columns)),
        rules=tuple(replace(each.rule, origin="dbt") for each in unlike.values()),
        types={
            name: column["data_type"]
            for name, column in node["columns"].items()
            if column.get("data_type")
        },
    )


def _arguments(test: Node) -> Mapping[str, Any]:
    told: Mapping[str, Any] = test["test_metadata"]["kwargs"]
    return told


def _kind(test: Node) -> str:
    return str(test["test_metadata"]["name"])


def _blocks(test: Node, of: Node) -> bool:
    return _border(of) == "activation" or str(test["config"]["severity"]).lower() == "error"


def _never_null(node: Node, tests: Sequence[Node]) -> dict[str, bool]:
    """Column → whether a null blocks."""
    found: dict[str, bool] = {}
    for test in tests:
        told, blocks = _arguments(test), _blocks(test, node)
        names: Sequence[str] = ()
        if _kind(test) == "integrity":
            names = [*told.get("primary_key", []), *told.get("not_null", [])]
        elif _kind(test) == "not_null":
            names = [told["column_name"]]
        found |= {name: found.get(name, False) or blocks for name in names}
    for name, column in node["columns"].items():
        if any(each["type"] == "not_null" for each in column.get("constraints") or ()):
            found[name] = True
    return found


def _each_null(columns: Mapping[str, bool]) -> Iterator[_Found]:
    """A rule a column: of a row that is held one wants to know which."""
    for column, blocking in columns.items():
        if column in _LONG:
            there = f"length({column}) as {column}_length"
            rule = not_null(f"{column}_length", blocking=blocking)
            yield _Found(replace(rule, name=f"not_null({column})", columns=(column,)), (there,))
        else:
            yield _Found(not_null(column, blocking=blocking), (column,))


def _all_nulls(columns: Mapping[str, bool]) -> Iterator[_Found]:
    """One rule for all columns: each costs a batch the same, and reads a column that is wide."""
    for blocking in (True, False):
        names = [column for column, blocks in columns.items() if blocks is blocking]
        if names:
            alias = _NULLS if blocking else f"{_NULLS}_to_warn_of"
            cases = ", ".join(f"case when {name} is null then '{name}' end" for name in names)
            column = f"nullif(concat_ws(', ', {cases}), '') as {alias}"
            told = f"not_null({', '.join(names)})"
            rule = never(alias, told, *names, blocking=blocking)
            yield _Found(replace(rule, reveals=True), (column,))


def _of_test(test: Node, node: Node, nodes: Mapping[str, Node]) -> Iterator[_Found]:
    told, kind, blocking = _arguments(test), _kind(test), _blocks(test, node)
    if kind == "integrity":
        for names in (told.get("primary_key"), told.get("unique")):
            if names:
                yield _Found(unique(*names, blocking=blocking), tuple(names))
    elif kind == "unique":
        yield _Found(unique(told["column_name"], blocking=blocking), (told["column_name"],))
    elif kind == "accepted_values":
        yield _accepted(told["column_name"], told["values"], node, blocking=blocking)
    elif kind == "relationships":
        yield _reference(test, nodes, blocking=blocking)


def _accepted(column: str, values: Sequence[object], node: Node, *, blocking: bool) -> _Found:
    """dbt compares texts, so columns of other types are compared as text too."""
    words = [str(value) for value in values]
    if node["columns"].get(column, {}).get("data_type") in (None, "varchar"):
        return _Found(one_of(column, *words, blocking=blocking), (column,))
    alias = f"{column}_as_text"
    rule = one_of(alias, *words, blocking=blocking)
    rule = replace(rule, name=f"accepted_values({column})", columns=(column,))
    return _Found(rule, (f"cast({CHECKED}.{column} as varchar) as {alias}",))


def _reference(test: Node, nodes: Mapping[str, Node], *, blocking: bool) -> _Found:
    """The query brings the key that has no row to point to."""
    told = _arguments(test)
    column, field = told["column_name"], told["field"]
    name = _REF.search(told["to"])[1]  # type: ignore[index]  # dbt has resolved it
    parent = next(
        node
        for node in nodes.values()
        if node["name"] == name and node["resource_type"] in ("model", "seed")
    )
    alias = f"{column}_not_in_{name}"
    missing = (
        f"case when {CHECKED}.{column} is not null and not exists ("
        f"select 1 from {parent['schema']}.{parent['alias']} as parent"
        f" where parent.{field} = {CHECKED}.{column}) then 'missing' end as {alias}"
    )
    told_as = f"relationships({column} in {name}.{field})"
    rule = never(alias, told_as, column, blocking=blocking)
    return _Found(replace(rule, elsewhere=True), (missing,))


def _expected(node: Node) -> Iterator[_Found]:
    for name, column in node["columns"].items():
        expect = column.get("config", {}).get("meta", {}).get("expect")
        if expect is None:
            continue
        if not isinstance(expect, Mapping) or not expect or not set(expect) <= _EXPECT:
            raise ValueError(
                f"`expect` of {node['name']}.{name} takes {', '.join(sorted(_EXPECT))}."
            )
        blocking = expect.get("severity", "error") != "warn"
        if "min" in expect or "max" in expect:
            rule = between(name, expect.get("min"), expect.get("max"), blocking=blocking)
            yield _Found(rule, (name,))
        if "regex" in expect:
            yield _Found(matches(name, expect["regex"], blocking=blocking), (name,))


def _shown_key(node: Node, tests: Sequence[Node]) -> dict[str, str]:
    """What tells rows apart, name → expression; of a model whose rows are values themselves
    (addresses, birth dates) the beginning of a hash: by it a row can be found, but not read."""
    told = next((_arguments(test) for test in tests if _kind(test) == "integrity"), {})
    key = told.get("primary_key") or told.get("unique") or ()
    if node["config"]["meta"].get("scope") != "value":
        return {name: name for name in key}
    return {
        f"{name}_hash": f"left(sha256(cast({name} as varchar)), 12) as {name}_hash" for name in key
    }
