"""Whether a vendor holds a value that we sent: vendors write some in a form of their own. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

_READINGS: Final = (Decimal, datetime.fromisoformat)


def same(there: object, ours: object, *, any_case: bool = False) -> bool:
    """Whether two values are the same: as text, as numbers or as times; `any_case`: where a vendor
    changes the case of letters. An empty text is no value."""
    one, other = _text(there), _text(ours)
    if one == other or (any_case and one.casefold() == other.casefold()):
        return True
    return any(_equal(read, one, other) for read in _READINGS)


def same_field(name: str, there: object, ours: object) -> bool:
    """The same of the field `name`: vendors write e-mail addresses in lower case."""
    return same(there, ours, any_case=name == "email")


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _equal(read: Callable[[str], object], one: str, other: str) -> bool:
    try:
        return read(one) == read(other)
    except (ValueError, TypeError, ArithmeticError):
        return False
