"""What kind of value stands somewhere: enough to mend an event, and never the value itself."""

from __future__ import annotations

import re
from typing import Any, Final

MISSING: Final = "missing"

_LONG = 1000

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}\S*)?")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")


def value_class(value: Any) -> str:
    """The class of a JSON value, such as ``null``, ``integer``, ``text:date`` or ``object``."""
    match value:
        case None:
            return "null"
        case bool():  # before integer, which it is too
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return _text_class(value)
        case list():
            return "array" if value else "array:empty"
        case _:
            return "object"


def _text_class(text: str) -> str:
    if len(text) > _LONG:
        return "text:long"
    stripped = text.strip()
    if not stripped:
        return "text:empty"
    for name, pattern in (("email", _EMAIL), ("date", _DATE), ("number", _NUMBER)):
        if pattern.fullmatch(stripped):
            return f"text:{name}"
    return "text"
