"""Comparable forms of what people write about themselves: names, addresses, birth dates.

Two texts with one form are taken for the same value by the match rules. Pure: no I/O, no clock.
Every function answers ``None`` for what has no comparable form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Final

_LONGEST: Final = 200  # a longer text is no name and no address
_SHORT_WORD: Final = 3
_OVERLAY: Final = 200  # marks of this combining class and above are accents, not letters

# Letters that Unicode does not take apart.
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)
_LEGAL_FORMS: Final = frozenset(
    (
        *(
            "ab",
            "ag",
            "as",
            "asa",
            "aps",
            "bv",
            "co",
            "corp",
            "corporation",
            "company",
            "ev",
            "gmbh",
        ),
        *(
            "inc",
            "incorporated",
            "kft",
            "kg",
            "kgaa",
            "limited",
            "llc",
            "llp",
            "ltd",
            "ltda",
            "mbh",
        ),
        *("nv", "ohg", "oy", "oyj", "plc", "pllc", "pty", "pte", "sa", "sarl", "sas", "se", "spa"),
        *("srl", "sro", "ug"),
    )
)
_STREET_WORDS: Final = {
    "street": "st",
    "saint": "st",
    "str": "st",
    "strasse": "st",
    "lane": "ln",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "drive": "dr",
    "boulevard": "blvd",
    "place": "pl",
    "court": "ct",
    "circuit": "cct",
    "highway": "hwy",
    "parkway": "pkwy",
    "square": "sq",
    "terrace": "tce",
    "crescent": "cres",
    "close": "cl",
    "apartment": "apt",
    "suite": "ste",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
}
_COMPOUND_STREET: Final = re.compile(r"(?<=\w\w)(strasse|str)$")
_ZIP: Final = re.compile(r"([0-9]{5})-?[0-9]{4}")

_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_APOSTROPHES: Final = "'`.\u2019\u00b4"  # and the full stop: O'Hare, Jr.
_FIRST_YEAR: Final = 1880
_LATEST_SHORT_YEAR: Final = 29  # 30 to 99 are of the last century
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})(?:[t ].*)?")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[-. ]+([a-z]{3,9})[-., ]+([0-9]{4}|[0-9]{2})")
_MONTH_FIRST: Final = re.compile(r"([a-z]{3,9})[-. ]+([0-9]{1,2})[, ]+([0-9]{4}|[0-9]{2})")

_CASE_BITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SALESFORCE: Final = re.compile(r"[0-9A-Za-z]{15}", re.ASCII)


def identity_key(field: str, text: str) -> str | None:
    """The comparable form of a field's text.

    ``field`` is one of first_name, last_name, company, street, city, state, postcode, birth_date,
    salesforce_id. No other field has one: an engine may ask before it has filtered them out.

    >>> identity_key("street", "Hardenbergstraße 87")
    'hardenberg st 87'
    """
    form = _FORMS.get(field)
    return (form(text) or None) if form and len(text) <= _LONGEST else None


def name_sound(name: str) -> str | None:
    """What is left of a folded name when its vowels and doubled letters do not count.

    Short words stay whole: initials and suffixes such as jr or ii are all they have.

    >>> name_sound("muhammed"), name_sound("mohamed"), name_sound("morris ii")
    ('mhmd', 'mhmd', 'mrs ii')
    """
    return " ".join(_word_sound(word) for word in name.split()) or None


def _word_sound(word: str) -> str:
    if len(word) <= _SHORT_WORD:
        return word
    single = re.sub(r"(.)\1+", r"\1", word)
    return single[0] + re.sub(r"[aeiouy]", "", single[1:])


def fold(text: str) -> str:
    """Lower case, without accents and punctuation, words one space apart.

    Scripts whose marks are letters (Devanagari, Khmer, Thai …) keep them.

    >>> fold("  D'Ésquire-Müller ")
    'desquire muller'
    """
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = "".join(_folded(char) for char in apart)
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def _folded(char: str) -> str:
    if char.isalnum():
        return char
    if unicodedata.combining(char) >= _OVERLAY or char in _APOSTROPHES:
        return ""
    return char if unicodedata.category(char)[0] == "M" else " "


def _company(text: str) -> str:
    """Without its legal form, unless nothing else is there."""
    words = fold(text).replace(" & ", " ").split()
    named = [word for word in words if word not in _LEGAL_FORMS]
    if named[:1] == ["the"]:
        named = named[1:]
    return " ".join(named or words)


def _street(text: str) -> str:
    """Kinds of street by one short word: "Main Street" and "Main St." are one."""
    words = " ".join(_COMPOUND_STREET.sub(r" \1", word) for word in fold(text).split())
    return " ".join(_STREET_WORDS.get(word, word) for word in words.split())


def _postcode(text: str) -> str:
    """Letters and digits; of a US postcode the five digits that name the office."""
    short = _ZIP.fullmatch(text.strip())
    return short.group(1) if short else "".join(char for char in fold(text) if char.isalnum())


def _birth_date(text: str) -> str | None:
    """ISO date of the common writings; numbers parted by slashes are month first, by dots day
    first, and the other way round where that is no date. Of two digits, 30 to 99 are 19xx."""
    told = " ".join(text.lower().split())
    if found := _YEAR_FIRST.fullmatch(told):
        return _iso(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(told):
        one, other, year = int(found[1]), int(found[3]), _year(found[4])
        month, day = (other, one) if found[2] == "." else (one, other)
        return _iso(year, month, day) or _iso(year, day, month)
    if found := _DAY_FIRST.fullmatch(told):
        return _iso(_year(found[3]), _MONTHS.get(found[2][:3], 0), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(told):
        return _iso(_year(found[3]), _MONTHS.get(found[1][:3], 0), int(found[2]))
    return None


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year <= _LATEST_SHORT_YEAR else 1900)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat() if year >= _FIRST_YEAR else None
    except ValueError:
        return None


def _salesforce_id(text: str) -> str:
    """The 18 characters of a Salesforce id: the last three tell the case of the first fifteen."""
    given = text.strip()
    if not _SALESFORCE.fullmatch(given):
        return given
    parts = (given[start : start + 5] for start in (0, 5, 10))
    return given + "".join(
        _CASE_BITS[sum(1 << place for place, char in enumerate(part) if "A" <= char <= "Z")]
        for part in parts
    )


_FORMS: Final[dict[str, Callable[[str], str | None]]] = {
    "first_name": fold,
    "last_name": fold,
    "company": _company,
    "street": _street,
    "city": fold,
    "state": fold,
    "postcode": _postcode,
    "birth_date": _birth_date,
    "salesforce_id": _salesforce_id,
}
