"""What to do about an event that no model used, by the code of its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingestion.problems import NOTES

_AGAIN: Final = "then send or append the event again."

# Codes that `int_event_outcomes` adds to those of the contracts.
_BY_MODELS: Final[Mapping[str, str]] = {
    "EMAIL_INVALID": f"Correct the e-mail address at the sender, {_AGAIN}",
    "IDENTIFIER_MISSING": f"Ask for an e-mail address, a phone number or an id, {_AGAIN}",
    "PROPERTY_NOT_MAPPED": "Nothing; or add the property to its map (a seed) and run again.",
    "TIMESTAMP_INVALID": f"Correct the time at the sender, {_AGAIN}",
    "VARIANT_SUPERSEDED": "Nothing: another copy of the same vendor event counts.",
}

_REMEDIES: Final[Mapping[str, str]] = {
    **{code.value: note.remedy for code, note in NOTES.items()},
    **_BY_MODELS,
}


def remedy(code: str | None) -> str | None:
    """What a person can do about `code`; None when there is no code."""
    if code is None:
        return None
    return _REMEDIES.get(code, "Correct the event at the sender or the model, and run again.")
