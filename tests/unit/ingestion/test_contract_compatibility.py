"""Which changes of a schema may refuse what was taken before."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingestion.contracts.compatibility import Change, breaking_changes

TEXT = {"type": "string"}
TEXT_OR_NULL = {"type": ["string", "null"]}


def fields(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


BREAKING = [
    ("required added", fields(a=TEXT), fields("a", a=TEXT), ("/a", "required")),
    ("type narrowed", fields(a=TEXT_OR_NULL), fields(a=TEXT), ("/a", "type")),
    ("number to integer", {"type": "number"}, {"type": "integer"}, ("", "type")),
    ("type given", {}, TEXT, ("", "type")),
    ("enum narrowed", {"enum": ["a", "b"]}, {"enum": ["a"]}, ("", "enum")),
    ("enum to const", {"enum": ["a", "b"]}, {"const": "b"}, ("", "enum")),
    ("enum added", TEXT, TEXT | {"enum": ["a"]}, ("", "enum")),
    ("format added", TEXT, TEXT | {"format": "date"}, ("", "format")),
    ("pattern added", TEXT, TEXT | {"pattern": "^a"}, ("", "pattern")),
    ("pattern changed", TEXT | {"pattern": "a"}, TEXT | {"pattern": "b"}, ("", "pattern")),
    ("longer", TEXT | {"minLength": 1}, TEXT | {"minLength": 2}, ("", "minLength")),
    ("shorter", TEXT | {"maxLength": 9}, TEXT | {"maxLength": 8}, ("", "maxLength")),
    ("greater", {"minimum": -5}, {"minimum": 0}, ("", "minimum")),
    ("limit added", {"type": "number"}, {"type": "number", "maximum": 9}, ("", "maximum")),
    ("step", {"type": "integer"}, {"type": "integer", "multipleOf": 2}, ("", "multipleOf")),
    (
        "closed",
        fields(a=TEXT),
        fields(a=TEXT) | {"additionalProperties": False},
        ("/*", "additionalProperties"),
    ),
    (
        "field taken out of a closed object",
        fields(a=TEXT, b=TEXT) | {"additionalProperties": False},
        fields(a=TEXT) | {"additionalProperties": False},
        ("/b", "additionalProperties"),
    ),
    ("field given a type", fields(a=TEXT), fields(a=TEXT, b=TEXT), ("/b", "type")),
    (
        "nested",
        fields(a=fields(b={"items": TEXT_OR_NULL})),
        fields(a=fields(b={"items": TEXT})),
        ("/a/b/*", "type"),
    ),
    ("part added", TEXT, {"allOf": [TEXT, {"minLength": 1}]}, ("", "minLength")),
    ("choice added", TEXT, TEXT | {"anyOf": [{"pattern": "a"}]}, ("", "anyOf")),
    ("condition changed", {"if": TEXT, "then": {}}, {"if": {}, "then": {}}, ("", "schema")),
    ("nothing allowed", fields(a=True), fields(a=False), ("/a", "additionalProperties")),
]


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in BREAKING],
                         ids=[case[0] for case in BREAKING])  # fmt: skip
def test_a_breaking_change_is_found(old: Any, new: Any, expected: tuple[str, str]) -> None:
    """What is stricter than before is found, at its place."""
    assert [expected] == [(change.path, change.keyword) for change in breaking_changes(old, new)]


COMPATIBLE = [
    ("nothing", fields("a", a=TEXT), fields("a", a=TEXT)),
    ("words", TEXT | {"title": "x"}, TEXT | {"description": "y", "x-deprecated-after": "z"}),
    ("required removed", fields("a", a=TEXT), fields(a=TEXT)),
    ("type widened", {"type": "integer"}, {"type": ["number", "string"], "minLength": 3}),
    ("enum widened", {"enum": ["a"]}, {"enum": ["b", "a"]}),
    ("enum opened", {"enum": ["a", 5]}, {"type": ["string", "integer"], "maximum": 5}),
    ("pattern dropped", TEXT | {"pattern": "a"}, TEXT),
    ("bounds loosened", {"minimum": 2, "maximum": 3}, {"minimum": 1, "maximum": 4}),
    ("no length is negative", TEXT, TEXT | {"minLength": 0}),
    ("opened", fields() | {"additionalProperties": False}, fields()),
    ("a field named", fields(a=TEXT), fields(a=TEXT, b={"description": "anything"})),
    ("field let go", fields(a=TEXT), fields()),
    (
        "field added to a closed object",
        fields() | {"additionalProperties": False},
        fields(a=TEXT) | {"additionalProperties": False},
    ),
    ("taken apart", TEXT | {"minLength": 1}, {"allOf": [TEXT, {"minLength": 1}]}),
    ("choice dropped", TEXT | {"anyOf": [{"pattern": "a"}]}, TEXT),
    ("nothing was allowed", False, TEXT),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in COMPATIBLE],
                         ids=[case[0] for case in COMPATIBLE])  # fmt: skip
def test_a_compatible_change_is_let_through(old: Any, new: Any) -> None:
    """What only widens, or only describes, breaks nothing."""
    assert [] == breaking_changes(old, new)


def test_a_change_tells_both_sides() -> None:
    """The message names the place, the rule, and what it said and says."""
    (change,) = breaking_changes(fields(a=TEXT_OR_NULL), fields(a=TEXT))
    assert Change("/a", "type", "null, string", "string") == change
    assert "/a: type: null, string → string" == str(change)


NAMES = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    st.sampled_from([None, True, 0, 1, 5, 2.5, "", "a", "ab", "2026-03-01"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
rules = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, unique=True),
    "enum": st.lists(values, min_size=1, max_size=3, unique_by=repr),
    "const": values,
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "minimum": st.integers(-1, 3),
    "exclusiveMaximum": st.integers(1, 6),
    "multipleOf": st.sampled_from([1, 2, 5]),
    "pattern": st.sampled_from(["^a", "b$"]),
    "format": st.just("date"),
    "minItems": st.integers(0, 1),
    "maxProperties": st.integers(0, 2),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "uniqueItems": st.booleans(),
}


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = {
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "items": inner,
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "patternProperties": st.dictionaries(st.just("^[ab]"), inner, max_size=1),
    }
    return st.fixed_dictionaries({}, optional=parts | rules)


schemas = st.recursive(st.booleans() | st.just({}), grown, max_leaves=5)


def edit(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with one rule dropped, replaced or added, at its top or further in."""
    if not isinstance(schema, dict) or not schema or draw(st.booleans()):
        return {**(schema if isinstance(schema, dict) else {}), **draw(grown(schemas))}
    key = draw(st.sampled_from(sorted(schema)))
    if draw(st.booleans()):
        return {name: value for name, value in schema.items() if name != key}
    if key == "properties" and schema[key]:
        name = draw(st.sampled_from(sorted(schema[key])))
        return {**schema, key: {**schema[key], name: edit(draw, schema[key][name])}}
    if key in ("items", "additionalProperties"):
        return {**schema, key: edit(draw, schema[key])}
    return {**schema, key: draw(rules[key]) if key in rules else schema[key]}


@st.composite
def versions(draw: st.DrawFn) -> tuple[Any, Any]:
    """A schema and an edited one."""
    old = draw(schemas)
    return old, edit(draw, old)


def validator(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@given(pair=versions(), documents=st.lists(values, min_size=5, max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_breaking_change_refuses_nothing(pair: tuple[Any, Any], documents: list[Any]) -> None:
    """Where no change is found, whatever the old schema takes the new one takes too."""
    old, new = pair
    assume(not breaking_changes(old, new))
    before, after = validator(old), validator(new)
    taken = [document for document in documents if before.is_valid(document)]
    assert [] == [document for document in taken if not after.is_valid(document)]


@given(schema=schemas)
@settings(max_examples=100, deadline=None)
def test_a_schema_is_compatible_with_itself(schema: Any) -> None:
    """The same schema breaks nothing, and everything keeps to no rules at all."""
    assert [] == breaking_changes(schema, schema)
    assert [] == breaking_changes(schema, {})
