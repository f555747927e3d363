"""Codes for what is wrong *inside* an event.

Such an event was received and stored, so nobody is turned away: it is quarantined (or, when its
type is unknown, ignored), counted, and can be replayed once the cause is mended. Meaning and remedy
stand in the error catalogue.
"""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """Why an event does not fulfil its contract."""

    BODY_NOT_JSON = "BODY_NOT_JSON"
    FIELD_MISSING = "FIELD_MISSING"
    FIELD_MISMATCH = "FIELD_MISMATCH"
    FIELD_FORMAT = "FIELD_FORMAT"
    PICKLIST_UNKNOWN = "PICKLIST_UNKNOWN"
    CONTRACT_VIOLATION = "CONTRACT_VIOLATION"
    CONTRACT_DEPRECATED = "CONTRACT_DEPRECATED"
    CONTRACT_VERSION_UNKNOWN = "CONTRACT_VERSION_UNKNOWN"
    EVENT_TYPE_UNKNOWN = "EVENT_TYPE_UNKNOWN"
    ERASED = "ERASED"
