"""What a schema demands, as one set of rules: its ``allOf`` parts merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

Node = dict[str, Any]

ALL_TYPES: Final = frozenset(
    ("null", "boolean", "integer", "fraction", "string", "array", "object")
)

# Keywords that only describe.
_NOTES: Final = frozenset(
    (
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "title",
        "description",
        "examples",
        "default",
        "deprecated",
    )
)
# Keywords whose meaning depends on their neighbours: compared as one, with everything beside them.
_ENTANGLED: Final = frozenset(
    (
        *("if", "then", "else", "patternProperties", "prefixItems", "contains", "minContains"),
        *("maxContains", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$ref"),
    )
)
LOWER: Final[Mapping[str, frozenset[str]]] = {
    "minLength": frozenset(("string",)),
    "minItems": frozenset(("array",)),
    "minProperties": frozenset(("object",)),
    "minimum": frozenset(("integer", "fraction")),
    "exclusiveMinimum": frozenset(("integer", "fraction")),
}
UPPER: Final[Mapping[str, frozenset[str]]] = {
    "maxLength": frozenset(("string",)),
    "maxItems": frozenset(("array",)),
    "maxProperties": frozenset(("object",)),
    "maximum": frozenset(("integer", "fraction")),
    "exclusiveMaximum": frozenset(("integer", "fraction")),
}
# Keywords of which several may hold at once; each that is new narrows.
SEVERAL: Final[Mapping[str, frozenset[str]]] = {
    "pattern": frozenset(("string",)),
    "format": frozenset(("string",)),
    "multipleOf": frozenset(("integer", "fraction")),
}
NUMBERS: Final = frozenset(("integer", "fraction"))
_KNOWN: Final = frozenset(
    (
        *("type", "enum", "const", "required", "properties", "additionalProperties", "items"),
        *("allOf", *LOWER, *UPPER, *SEVERAL),
    )
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one schema. ``others`` is the schema of members without a name; ``rest`` are
    rules that can be compared to their equals only; ``entangled`` ones not even that."""

    types: frozenset[str]
    values: Sequence[Any] | None
    bounds: Mapping[str, float]
    several: Mapping[str, frozenset[Any]]
    required: frozenset[str]
    properties: Mapping[str, Sequence[Any]]
    others: Any
    items: Sequence[Any]
    rest: frozenset[str]
    entangled: bool

    @classmethod
    def of(cls, schema: Any) -> Rules:
        parts = list(_parts(schema))
        return cls(
            types=_types(parts),
            values=_values(parts),
            bounds=_bounds(parts),
            several={key: frozenset(part[key] for part in parts if key in part) for key in SEVERAL},
            required=frozenset(name for part in parts for name in part.get("required", ())),
            properties=_properties(parts),
            others=next((p["additionalProperties"] for p in parts if _closes(p)), True),
            items=[part["items"] for part in parts if "items" in part],
            rest=frozenset(rule for part in parts for rule in _rest(part)),
            entangled=_is_entangled(parts),
        )


def _parts(schema: Any) -> Iterator[Node]:
    """The schema without its ``allOf``, and the parts of that."""
    if isinstance(schema, bool):
        if not schema:
            yield {"enum": []}
        return
    yield {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        yield from _parts(part)


def _types(parts: Sequence[Node]) -> frozenset[str]:
    types = ALL_TYPES
    for part in parts:
        told = part.get("type", [])
        names = frozenset([told] if isinstance(told, str) else told)
        if "number" in names:
            names = (names - {"number"}) | NUMBERS
        types = types & names if "type" in part else types
    return types


def _values(parts: Sequence[Node]) -> Sequence[Any] | None:
    """The values that are listed somewhere; the schema itself says which of them hold."""
    for part in parts:
        if "const" in part:
            return [part["const"]]
        if "enum" in part:
            return list(part["enum"])
    return None


def _bounds(parts: Sequence[Node]) -> dict[str, float]:
    found: dict[str, float] = {}
    for tightest, keywords in ((max, LOWER), (min, UPPER)):
        for keyword in keywords:
            told = [part[keyword] for part in parts if keyword in part]
            if told:
                found[keyword] = tightest(told)
    return found


def _properties(parts: Sequence[Node]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            found.setdefault(name, []).append(schema)
    return found


def all_of(schemas: Sequence[Any]) -> Any:
    """One schema that demands all of these."""
    if not schemas:
        return True
    return schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}


def _closes(part: Node) -> bool:
    return part.get("additionalProperties", True) not in (True, {})


def _is_entangled(parts: Sequence[Node]) -> bool:
    """Whether rules depend on each other: among them a part that closes an object whose members
    stand in other parts too."""
    shaping = [part for part in parts if "properties" in part or _closes(part)]
    closed_elsewhere = len(shaping) > 1 and any(map(_closes, shaping))
    return closed_elsewhere or any(key in _ENTANGLED for part in parts for key in part)


def _rest(part: Node) -> Iterator[str]:
    """Rules of other keywords, as text: each is comparable to its equal only."""
    for key, value in part.items():
        if key not in _KNOWN and not describes(key):
            yield f"{key}:{text_of(value)}"


def describes(keyword: str) -> bool:
    return keyword in _NOTES or keyword.startswith("x-")


def text_of(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
