"""Whether a vendor holds a value that we sent: vendors write some in a form of their own. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

_READINGS: Final = (Decimal, datetime.fromisoformat)


def same(name: str, there: object, ours: object) -> bool:
    """Whether two values of the field `name` are the same: as text, as numbers or as times; e-mail
    addresses without regard to case. An empty text is no value."""
    one, other = _text(there), _text(ours)
    if name == "email":
        one, other = one.lower(), other.lower()
    return one == other or any(_equal(read, one, other) for read in _READINGS)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _equal(read: Callable[[str], object], one: str, other: str) -> bool:
    try:
        return read(one) == read(other)
    except (ValueError, TypeError, ArithmeticError):
        return False
