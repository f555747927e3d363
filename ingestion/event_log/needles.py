"""Finding and masking the identifiers of one person in text and bytes, in every way that senders
write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from mmap import mmap
from typing import Final
from urllib.parse import quote

_SHORTEST: Final = 5
"""An identifier shorter than this would be found everywhere."""

# An address ends where no character of one follows, and begins where none stands before; the last
# character of an escape (\\n, \\u0022, %20) belongs to no address.
_BEFORE: Final = rb"(?:(?<![\w.+%-])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
_AFTER: Final = rb"(?![\w-]|\.\w)"
# A number may have its plus or not, and is part of no longer one.
_DIGITS_BEFORE: Final = rb"(?<!\d)"
_DIGITS_AFTER: Final = rb"(?!\d)"


class Needles:
    """The identifiers of a person: addresses (with ``@``) and phone numbers, as text.

    ``texts`` are all spellings that are known; each is looked for as UTF-8, with JSON's escapes
    and with those of URLs, whatever the case of ASCII letters.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(sorted({text for text in texts if len(text) >= _SHORTEST}))
        self.forms = tuple(sorted({form for text in self.texts for form in _forms(text)}))
        patterns = (_pattern(form) for form in sorted(self.forms, key=len, reverse=True))
        self._pattern = re.compile(b"|".join(patterns) or rb"(?!)", re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self.texts)

    def mentioned_in(self, content: bytes) -> bool:
        """Whether a text names the person; a longer address or number is somebody else's."""
        lowered = content.lower()
        if not any(form in lowered for form in self.forms):
            return False
        return self._pattern.search(content) is not None

    def named_in(self, text: str) -> bool:
        """The same for text."""
        return self.mentioned_in(text.encode(errors="surrogatepass"))

    def stands_in(self, text: str) -> bool:
        """Whether a text that is the person's own holds an identifier, be it as part of a word (a
        key such as ``visit-ada@x.example``)."""
        lowered = text.lower().encode(errors="surrogatepass")
        return any(form in lowered for form in self.forms)

    def masked(self, content: bytes) -> bytes:
        """The text without the person: as long as before, and as valid where it is JSON."""
        return self._pattern.sub(_mask, content)

    def places(self, content: bytes | mmap) -> list[tuple[int, int]]:
        """Where a text names the person, as pairs of start and end."""
        return [match.span() for match in self._pattern.finditer(content)]

    def masked_text(self, text: str) -> str:
        """The same for text."""
        return self.masked(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")


def _forms(text: str) -> set[bytes]:
    """Ways to write a text, lower case."""
    plain = text.lower()
    escaped = json.dumps(plain)[1:-1]
    spellings = {
        plain,
        escaped,
        json.dumps(plain, ensure_ascii=False)[1:-1],
        escaped.replace("@", "\\u0040"),
        escaped.replace("+", "\\u002b"),
        quote(plain, safe="").lower(),
        quote(plain, safe="@").lower(),
    }
    return {spelling.encode() for spelling in spellings}


def _pattern(form: bytes) -> bytes:
    escaped = re.escape(form)
    if re.search(rb"[a-z]", form.replace(b"\\u002b", b"").replace(b"%2b", b"")):
        return _BEFORE + escaped + _AFTER
    return _DIGITS_BEFORE + escaped + _DIGITS_AFTER


def _mask(match: re.Match[bytes]) -> bytes:
    """Nines for digits and x for everything else, but for what makes an address readable as one."""
    return re.sub(rb"[^\d@.%\\]", b"x", re.sub(rb"\d", b"9", _unescaped(match.group())))


def _unescaped(found: bytes) -> bytes:
    """Escapes give way to letters: masked one by one they would be no escapes any more."""
    return re.sub(rb"\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|\\.", lambda m: b"x" * len(m.group()), found)
