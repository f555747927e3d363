"""The belt: no log line holds an e-mail address or a phone number, whatever somebody put into it.

Modules log codes, counts and ids only; this catches what a library's message or a mistake lets
through. A number without a sign that it is a phone's (a plus, a leading zero, groups) stays: it
may be a position, or a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

_EMAIL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE: Final = re.compile(
    r"\+\d[\d ().-]{5,18}\d"  # with its country
    r"|(?<![\w.:+-])0\d{1,5}[ /-]?\d{3}[\d /-]{2,10}\d(?![\w:-])"  # with a leading zero
    r"|(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}(?![\w-])"  # in groups, as in North America
)
_KEPT: Final = frozenset({"timestamp", "correlation_id", "correlation_ids", "run_id", "batch_id"})


def redacted(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor: masks what every value says of a person; ids and times are kept."""
    return {name: value if name in _KEPT else mask(value) for name, value in line.items()}


def mask(value: Any) -> Any:
    """The value, without addresses and numbers in any of its texts."""
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, Mapping):
        return {mask(key): mask(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(each) for each in value]
    if value is None or isinstance(value, int | float):
        return value
    return _masked(str(value))


def _masked(text: str) -> str:
    if "@" in text or "%40" in text:
        text = _EMAIL.sub("<email>", text)
    return _PHONE.sub("<phone>", text)
