"""Whether everything that kept to one schema keeps to another: pure, and on the safe side.

``breaking_changes`` answers for the sender: a change breaks when a document that was taken before
may be refused after. So a constraint on a field that had none breaks too, even where the field is
optional, since senders could put anything there; several majors may stand side by side, so that a
new major costs them nothing before the older one is past its date.

Both schemas have their references written out (see library.py). What cannot be compared counts as
broken unless it is the same in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from ingestion.contracts.rules import (
    ALL_TYPES,
    LOWER,
    NUMBERS,
    SEVERAL,
    UPPER,
    Rules,
    all_of,
    describes,
    text_of,
)

# No length is negative, so that 0 demands nothing.
_UNBOUND: Final[Mapping[str, float]] = {"minLength": 0, "minItems": 0, "minProperties": 0}


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that is stricter than before: where (a JSON pointer, ``*`` for any item or other
    member), which keyword, and what it said and says."""

    path: str
    keyword: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.keyword}: {self.before} → {self.after}"


def breaking_changes(old: Any, new: Any) -> list[Change]:
    """What may make ``new`` refuse a document that ``old`` takes; nothing when that cannot be."""
    return list(dict.fromkeys(_compare(old, new, "")))


def _compare(old: Any, new: Any, path: str) -> Iterator[Change]:
    if old is False or _takes_anything(new) or _same(old, new):
        return
    if new is False:
        yield Change(path, "additionalProperties", "allowed", "not allowed")
        return
    before, after = Rules.of(old), Rules.of(new)
    if before.entangled or after.entangled:
        yield Change(path, "schema", "not comparable", "not comparable")
    elif before.values is not None:
        yield from _compare_values(before.values, old, new, path)
    else:
        yield from _compare_scalars(before, after, path)
        if "object" in before.types:
            yield from _compare_objects(before, after, path)
        if "array" in before.types:
            yield from _compare(all_of(before.items), all_of(after.items), f"{path}/*")


def _compare_values(values: Sequence[Any], old: Any, new: Any, path: str) -> Iterator[Change]:
    """A list of values is compared by trying each."""
    before, after = (
        jsonschema_rs.Draft202012Validator(s, validate_formats=True) for s in (old, new)
    )
    refused = [v for v in values if before.is_valid(v) and not after.is_valid(v)]
    if refused:
        yield Change(path, "enum", text_of(values), f"without {text_of(refused)}")


def _compare_scalars(before: Rules, after: Rules, path: str) -> Iterator[Change]:
    if before.types - after.types:
        yield Change(path, "type", _names(before.types), _names(after.types))
    if after.values is not None:
        yield Change(path, "enum", "any value", text_of(after.values))
    for keyword, concerned in (*LOWER.items(), *UPPER.items()):
        sign = 1 if keyword in LOWER else -1
        told, tells = before.bounds.get(keyword), after.bounds.get(keyword)
        was = _UNBOUND.get(keyword, -math.inf) if told is None else sign * told
        if tells is not None and concerned & before.types and sign * tells > was:
            yield Change(path, keyword, _bound(told), _bound(tells))
    for keyword, concerned in SEVERAL.items():
        added = after.several[keyword] - before.several[keyword]
        if added and concerned & before.types:
            had = before.several[keyword]
            yield Change(path, keyword, _listed(had), _listed(after.several[keyword]))
    for rule in sorted(after.rest - before.rest):
        yield Change(path, rule.split(":", 1)[0], "another rule", "not comparable")


def _compare_objects(before: Rules, after: Rules, path: str) -> Iterator[Change]:
    for name in sorted(after.required - before.required):
        yield Change(f"{path}/{name}", "required", "no", "yes")
    for name in sorted(before.properties.keys() | after.properties.keys()):
        told = before.properties.get(name)
        tells = after.properties.get(name)
        yield from _compare(
            before.others if told is None else all_of(told),
            after.others if tells is None else all_of(tells),
            f"{path}/{name}",
        )
    yield from _compare(before.others, after.others, f"{path}/*")


def _takes_anything(schema: Any) -> bool:
    return schema is True or (isinstance(schema, dict) and all(map(describes, schema)))


def _same(old: Any, new: Any) -> bool:
    return text_of(old) == text_of(new)


def _names(types: frozenset[str]) -> str:
    if types == ALL_TYPES:
        return "any"
    if types >= NUMBERS:
        types = (types - NUMBERS) | {"number"}
    return ", ".join(sorted(types)) or "none"


def _listed(values: frozenset[Any]) -> str:
    return ", ".join(sorted(map(str, values))) or "any"


def _bound(value: float | None) -> str:
    return "none" if value is None else str(value)
