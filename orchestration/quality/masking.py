"""The form of a value without the value: enough to see why it breaks a rule."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 40


def masked(value: str) -> str:
    """Letters as x or X, digits as 9, all else as it is: `Ada@example` → `Xxx@xxxxxxx`. A space at
    an end is shown, and so is an empty text."""
    form = re.sub(r"[^\W\d_]", lambda each: "X" if each[0].isupper() else "x", value)
    form = re.sub(r"\d", "9", form)
    form = re.sub(r"^\s+|\s+$", lambda each: "␣" * len(each[0]), form)
    return (form[:_LONGEST] + "…" if len(form) > _LONGEST else form) or "(empty)"
