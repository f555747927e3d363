"""Times as vendors write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

# Salesforce leaves the colon out of the offset, which `fromisoformat` of Python 3.11 takes, too.
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def moment(text: object) -> datetime | None:
    """A time in ISO 8601 as UTC; None when there is none, or it cannot be read. One without a zone
    is UTC."""
    if not isinstance(text, str) or not _ISO.match(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
