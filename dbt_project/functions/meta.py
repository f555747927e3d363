"""Normalisation and hashing of customer information for Meta's Conversions API.

The rules are those of Meta's customer-information parameters: e-mail trimmed and lower case;
phone digits with country code and no leading zeros; names lower case without punctuation;
city, postcode and country without spaces or punctuation; all of it UTF-8, then SHA-256 in hex.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from dbt_project.functions.normalise import display_email


class UnknownMetaFieldError(ValueError):
    """Meta has no customer-information field of this name."""


def meta_normalise(field: str, text: str) -> str | None:
    """The normalised value Meta expects to be hashed; ``None`` when nothing usable is left.

    ``field`` is one of em, ph, fn, ln, ct, zp, country, external_id.
    Raises UnknownMetaFieldError for any other field.
    """
    try:
        rule = _RULES[field]
    except KeyError:
        known = ", ".join(sorted(_RULES))
        raise UnknownMetaFieldError(f"{field!r} is not a Meta field; use one of {known}") from None
    return rule(text) or None


@lru_cache(maxsize=65_536)
def meta_hash(field: str, text: str) -> str | None:
    """SHA-256 (hex) of the normalised value; ``None`` when nothing usable is left."""
    normalised = meta_normalise(field, text)
    return hashlib.sha256(normalised.encode()).hexdigest() if normalised else None


def _phone(text: str) -> str:
    return re.sub(r"[^0-9]", "", text).lstrip("0")


def _name(text: str) -> str:
    return _without(text, "P").strip()


def _place(text: str) -> str:
    return _without(text, "PSZ")


def _postcode(text: str) -> str:
    """US postcodes are hashed by their first five digits."""
    us = re.fullmatch(r"\s*([0-9]{5})-?[0-9]{4}\s*", text)
    return us.group(1) if us else _place(text)


def _country(text: str) -> str:
    code = text.strip().lower()
    return code if re.fullmatch(r"[a-z]{2}", code) else ""


def _without(text: str, categories: str) -> str:
    """Lower-case text without the characters of these Unicode major categories."""
    folded = unicodedata.normalize("NFC", text).lower()
    return "".join(char for char in folded if unicodedata.category(char)[0] not in categories)


_RULES: Final[dict[str, Callable[[str], str | None]]] = {
    "em": display_email,
    "ph": _phone,
    "fn": _name,
    "ln": _name,
    "ct": _place,
    "zp": _postcode,
    "country": _country,
    "external_id": str.strip,
}
