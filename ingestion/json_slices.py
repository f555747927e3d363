"""Parts of a JSON text as they were written: numbers, escapes and order stay as the sender chose.

A parsed and newly written part could differ from what was received and signed; a slice cannot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import NamedTuple

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


class Slice(NamedTuple):
    """A JSON value and the text it was read from."""

    value: object
    text: str


def array_items(text: str) -> Iterator[Slice]:
    """Each item of the array; ValueError (or RecursionError) where ``text`` is not one array."""
    position = _after(text, 0, "[")
    if text.startswith("]", position):
        return _end(text, position)
    while True:
        item, position = _value(text, position)
        yield item
        if text.startswith("]", position):
            return _end(text, position)
        position = _after(text, position, ",")


def object_members(text: str, most: int | None = None) -> Mapping[str, Slice]:
    """Each member of the object by its name, the last of equal names; errors as above.

    ``most`` bounds how many are read of an object that nobody has vouched for: members are read
    one by one, which is slow in bulk. More are a ValueError.
    """
    members: dict[str, Slice] = {}
    position = _after(text, 0, "{")
    if text.startswith("}", position):
        _end(text, position)
        return members
    for _ in count() if most is None else range(most):
        name, position = _value(text, position)
        if not isinstance(name.value, str):
            raise ValueError(f"no name at {position}")
        members[name.value], position = _value(text, _after(text, position, ":"))
        if text.startswith("}", position):
            _end(text, position)
            return members
        position = _after(text, position, ",")
    raise ValueError(f"more than {most} members")


def at_pointer(text: str, pointer: str) -> str:
    """The text under a JSON pointer (RFC 6901); errors as above, LookupError where nothing is."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if text.lstrip().startswith("["):
            text = list(array_items(text))[_index(name)].text
        else:
            text = object_members(text)[name].text
    return text


def _index(name: str) -> int:
    if not (name.isascii() and name.isdigit()):
        raise LookupError(f"{name} is no place in an array")
    return int(name)


def _value(text: str, position: int) -> tuple[Slice, int]:
    """The value that starts at ``position``, and the place of what follows it."""
    value, end = _DECODER.raw_decode(text, position)
    return Slice(value, text[position:end]), _skip(text, end)


def _skip(text: str, position: int) -> int:
    """The place of the next character that is not white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _after(text: str, position: int, token: str) -> int:
    """The place of what follows ``token``."""
    position = _skip(text, position)
    if not text.startswith(token, position):
        raise ValueError(f"no {token} at {position}")
    return _skip(text, position + 1)


def _end(text: str, position: int) -> None:
    """Refuse anything after the closing bracket."""
    if _skip(text, position + 1) != len(text):
        raise ValueError(f"more text after {position}")
