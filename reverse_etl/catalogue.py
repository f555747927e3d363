"""Codes of outcomes. What each means, and what to do, stands in the error catalogue."""

from __future__ import annotations

from typing import Final

from dbt_project import catalogue

APPROVAL_NEEDED: Final = "APPROVAL_NEEDED"
AUTHENTICATION_FAILED: Final = "AUTHENTICATION_FAILED"
BATCH_REFUSED: Final = "BATCH_REFUSED"
BREAKER_OPEN: Final = "BREAKER_OPEN"
CREDENTIAL_OLD: Final = "CREDENTIAL_OLD"
CANARY: Final = "CANARY"
CONNECTOR_MISSING: Final = "CONNECTOR_MISSING"
CONSENT_MISSING: Final = "CONSENT_MISSING"
CONSENT_WITHDRAWN: Final = "CONSENT_WITHDRAWN"
REFERENCE_NOT_SYNCED: Final = "REFERENCE_NOT_SYNCED"
DESTINATION_ERROR: Final = "DESTINATION_ERROR"
DESTINATION_UNREACHABLE: Final = "DESTINATION_UNREACHABLE"
DISCARDED: Final = "DISCARDED"
ENDPOINT_GONE: Final = "ENDPOINT_GONE"
ERASED: Final = "ERASED"
EXPIRED: Final = "EXPIRED"
LEASE_EXPIRED: Final = "LEASE_EXPIRED"
MALFORMED_ANSWER: Final = "MALFORMED_ANSWER"
NOT_WANTED: Final = "NOT_WANTED"
NO_ANSWER: Final = "NO_ANSWER"
POSSIBLE_REPEAT: Final = "POSSIBLE_REPEAT"
RATE_LIMITED: Final = "RATE_LIMITED"
RECORDING_FAILED: Final = "RECORDING_FAILED"
REFUSED: Final = "REFUSED"
REPLACED: Final = "REPLACED"
SWITCHED_OFF: Final = "SWITCHED_OFF"
UNKNOWN_OUTCOME: Final = "UNKNOWN_OUTCOME"
WENT_MISSING: Final = "WENT_MISSING"


def remedy(code: str | None) -> str:
    """What to do about a code; a vendor's own is in no catalogue."""
    return catalogue.remedy(code) or catalogue.entry(REFUSED).remedy
