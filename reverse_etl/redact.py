"""Keep personal data out of what is stored and logged."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s\"'<>:,;=(\[]+@[^\s\"'<>:,;)\]]+")
_HASH = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_TOKEN = re.compile(r"(?i)(bearer\s+|access_token=)[^\s&\"']+")
_LONGEST = 300


def redact(text: str) -> str:
    """`text` without e-mail addresses, phone-like numbers, hashes and tokens, shortened."""
    text = _TOKEN.sub(r"\1<token>", text)
    text = _EMAIL.sub("<email>", text)
    text = _HASH.sub("<hash>", text)
    return _NUMBER.sub("<number>", text)[:_LONGEST]
