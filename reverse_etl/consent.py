"""Whether a row may be sent at this moment (law 7). Pure."""

from __future__ import annotations

from reverse_etl import catalogue
from reverse_etl.model import ConsentStatus

_CODES: dict[ConsentStatus, str] = {
    "missing": catalogue.CONSENT_MISSING,
    "withdrawn": catalogue.CONSENT_WITHDRAWN,
}
CONSENT_CODES = frozenset(_CODES.values())


def refusal(recorded: ConsentStatus, current: ConsentStatus | None) -> str | None:
    """The code that forbids sending, or None. What is current beats what the row recorded."""
    status = current or recorded
    if status == "granted":
        return None
    return _CODES.get(status, catalogue.CONSENT_MISSING)  # an unreadable status permits nothing
