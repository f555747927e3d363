"""Mending a payload that a destination refused: set, drop or translate fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from reverse_etl.errors import EditInvalidError
from reverse_etl.leaving import AT_HOME

Verb = Literal["set", "drop", "map"]
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `path`: names with dots between, as `properties.country`. `set` needs `value`,
    `map` replaces `old` by `value` and leaves other values alone."""

    verb: Verb
    path: str
    value: Any = None
    old: Any = None

    def __str__(self) -> str:
        """For the audit: no value, because values may be personal."""
        return f"{self.verb} {self.path}"


def parse(verb: Verb, text: str) -> Change:
    """`path=value` for set, `path` for drop, `path:old=new` for map; values are JSON, or text
    where they are no JSON. Raises EditInvalidError."""
    if verb == "drop":
        return Change("drop", _path(text, text))
    left, equals, right = text.partition("=")
    if not equals:
        raise EditInvalidError(f"{text!r} has no `=`.")
    if verb == "set":
        return Change("set", _path(left, text), _value(right))
    path, colon, old = left.partition(":")
    if not colon:
        raise EditInvalidError(f"{text!r} has no `:` before the old value.")
    return Change("map", _path(path, text), _value(right), _value(old))


def apply(payload: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """The payload with these changes, in order; a field that is not there is left so, but set."""
    mended = deepcopy(dict(payload))
    for change in changes:
        *parents, name = change.path.split(".")
        place = _place(mended, parents, make=change.verb == "set")
        if place is not None:
            _change(place, name, change)
    return mended


def _change(place: dict[str, Any], name: str, change: Change) -> None:
    if change.verb == "set":
        place[name] = change.value
    elif change.verb == "drop":
        place.pop(name, None)
    elif place.get(name, _ABSENT) == change.old:
        place[name] = change.value


def _place(payload: dict[str, Any], parents: Sequence[str], *, make: bool) -> dict[str, Any] | None:
    place: Any = payload
    for name in parents:
        if name not in place and make:
            place[name] = {}
        place = place.get(name)
        if not isinstance(place, dict):
            return None
    found: dict[str, Any] = place
    return found


def _path(path: str, text: str) -> str:
    if not path or not all(path.split(".")):
        raise EditInvalidError(f"{text!r} names no field.")
    if path.split(".")[0] in AT_HOME:
        raise EditInvalidError("What a row refers to or keeps cannot be edited.")
    return path


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
