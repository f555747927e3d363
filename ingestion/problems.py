"""Codes for what is wrong *inside* an event.

Such an event was received and stored, so nobody is turned away: it is quarantined (or, when its
type is unknown, ignored), counted, and can be replayed once the cause is mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProblemCode(StrEnum):
    """Why an event does not fulfil its contract."""

    BODY_NOT_JSON = "BODY_NOT_JSON"
    FIELD_MISSING = "FIELD_MISSING"
    FIELD_TYPE = "FIELD_TYPE"
    FIELD_FORMAT = "FIELD_FORMAT"
    PICKLIST_UNKNOWN = "PICKLIST_UNKNOWN"
    CONTRACT_VIOLATION = "CONTRACT_VIOLATION"
    EVENT_TYPE_UNKNOWN = "EVENT_TYPE_UNKNOWN"


@dataclass(frozen=True, slots=True)
class ProblemNote:
    """What a problem code means, and what to do about it."""

    meaning: str
    remedy: str


NOTES: dict[ProblemCode, ProblemNote] = {
    ProblemCode.BODY_NOT_JSON: ProblemNote(
        "The body is no JSON text, or is nested too deeply",
        "Ask the sender for the event again, or append a mended copy with `millrace log append`.",
    ),
    ProblemCode.FIELD_MISSING: ProblemNote(
        "A field that the contract demands is missing",
        "Add the field at the sender, then send or append the event again.",
    ),
    ProblemCode.FIELD_TYPE: ProblemNote(
        "A field has another data type than the contract says",
        "Correct the type at the sender, then send or append the event again.",
    ),
    ProblemCode.FIELD_FORMAT: ProblemNote(
        "A field cannot be read in the format the contract says (a date, for example)",
        "Correct the format at the sender, then send or append the event again.",
    ),
    ProblemCode.PICKLIST_UNKNOWN: ProblemNote(
        "A field has a value outside its list",
        "Add the value to the list, or correct it at the sender.",
    ),
    ProblemCode.CONTRACT_VIOLATION: ProblemNote(
        "The event breaks another rule of its contract",
        "Compare the event with the contract file named beside it.",
    ),
    ProblemCode.EVENT_TYPE_UNKNOWN: ProblemNote(
        "Nobody reads events of this type; it is kept and ignored",
        "Add a contract for the type if it matters, then load again.",
    ),
}
