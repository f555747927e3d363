"""What each outcome code means and what a person can do about it."""

from __future__ import annotations

from typing import Final

AUTHENTICATION_FAILED: Final = "AUTHENTICATION_FAILED"
BATCH_REFUSED: Final = "BATCH_REFUSED"
BREAKER_OPEN: Final = "BREAKER_OPEN"
CONNECTOR_MISSING: Final = "CONNECTOR_MISSING"
CONSENT_MISSING: Final = "CONSENT_MISSING"
CONSENT_WITHDRAWN: Final = "CONSENT_WITHDRAWN"
CONTACT_NOT_SYNCED: Final = "CONTACT_NOT_SYNCED"
DESTINATION_ERROR: Final = "DESTINATION_ERROR"
DESTINATION_UNREACHABLE: Final = "DESTINATION_UNREACHABLE"
DISCARDED: Final = "DISCARDED"
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
UNKNOWN_OUTCOME: Final = "UNKNOWN_OUTCOME"
WENT_MISSING: Final = "WENT_MISSING"

_DEFAULT: Final = "Read the destination's answer in the attempt, correct the data, then replay."

_REMEDIES: Final[dict[str, str]] = {
    AUTHENTICATION_FAILED: "Put a valid credential in place; the next run tries one row first.",
    BREAKER_OPEN: "Nothing: rows queue again by themselves when the destination answers.",
    CONNECTOR_MISSING: "Configure a connector for this destination, or remove its activation.",
    CONSENT_MISSING: "Nothing: the row is sent when consent is given.",
    CONSENT_WITHDRAWN: "Nothing: the person withdrew; the row must not be sent.",
    CONTACT_NOT_SYNCED: "Repair the person's contact (see its own dead letter), then replay.",
    "CONTACT_EMAIL_KEPT": "Merge the two contacts in HubSpot; the next change sets the address.",
    "CONTACT_EMAIL_TAKEN": "Two people share one e-mail: merge them, or correct one, then replay.",
    "CONTRACT_VIOLATION": "Correct the model or the source field that breaks the contract.",
    DESTINATION_ERROR: "Wait until the destination has recovered, then replay.",
    DESTINATION_UNREACHABLE: "Check the address, the network and whether it runs; run again.",
    EXPIRED: "Nothing: the destination no longer accepts an event of this age.",
    "META_MATCH_KEYS_MISSING": "Collect an e-mail, phone or click id with the lead.",
    "META_MATCH_KEYS_TOO_BROAD": "Collect an e-mail, phone or click id with the lead.",
    NOT_WANTED: "Nothing: the warehouse no longer asks for it; it is sent if it does again.",
    RATE_LIMITED: "Lower the configured request budget; other software may share the account.",
    RECORDING_FAILED: "Check the event log; the rows are read back and recorded next time.",
    UNKNOWN_OUTCOME: "Look at the destination whether it arrived; replay only if it did not.",
}


def remedy(code: str | None) -> str:
    """What to do about `code`."""
    return _REMEDIES.get(code or "", _DEFAULT)
