"""Everything that can go wrong on the way out.

DeliveryError
├── LedgerError
│   ├── LedgerUnavailableError      the ledger cannot be opened, read or written
│   ├── LedgerNewerError            a newer release of Millrace made this ledger
│   ├── LaneOvertakenError          the fast lane's position was moved by somebody else
│   ├── DeliveryNotFoundError       no delivery has this id
│   └── NotADeadLetterError         only dead or held deliveries can be replayed or discarded
├── ConfigurationError         a connector lacks something it needs
│   └── SecretUnavailableError      the place that a setting names gives no secret
├── EditInvalidError           a change to a payload cannot be understood
├── FaultPlanError             a fault plan for the sandbox does not make sense
└── CallFailedError                 one request to a vendor brought no usable answer
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbt_project.catalogue import catalogue, entry

if TYPE_CHECKING:
    from reverse_etl.model import Outcome


class DeliveryError(Exception):
    """Something went wrong on the way out. `remedy` is the catalogue's, unless this case has a
    better one; a vendor's own code is in no catalogue."""

    code: str = "DELIVERY_FAILED"

    def __init__(
        self, message: str | None = None, *, code: str | None = None, remedy: str | None = None
    ) -> None:
        self.code = code or self.code
        listed = catalogue().get(self.code, entry(DeliveryError.code))
        super().__init__(message or listed.meaning)
        self.remedy = remedy or listed.remedy


class LedgerError(DeliveryError):
    """The ledger refused."""

    code = "LEDGER_FAILED"


class LedgerUnavailableError(LedgerError):
    """The ledger cannot be opened, read or written."""

    code = "LEDGER_UNAVAILABLE"


class LedgerNewerError(LedgerError):
    """A newer release of Millrace made this ledger."""

    code = "LEDGER_NEWER"


class LaneOvertakenError(LedgerError):
    """The fast lane's position was moved by somebody else; nothing was changed."""

    code = "LANE_OVERTAKEN"


class DeliveryNotFoundError(LedgerError):
    """No delivery has this id."""

    code = "DELIVERY_NOT_FOUND"


class NotADeadLetterError(LedgerError):
    """Only dead or held deliveries can be replayed or discarded."""

    code = "NOT_A_DEAD_LETTER"


class ConfigurationError(DeliveryError):
    """A connector lacks something it needs."""

    code = "CONNECTOR_MISCONFIGURED"


class SecretUnavailableError(ConfigurationError):
    """The place that a setting names gives no secret."""

    code = "SECRET_UNAVAILABLE"

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"The secret at {place} cannot be read: {why}.")


class EditInvalidError(DeliveryError):
    """A change to a payload cannot be understood."""

    code = "EDIT_INVALID"


class FaultPlanError(DeliveryError):
    """The fault plan does not make sense."""

    code = "FAULT_PLAN_INVALID"


class CallFailedError(DeliveryError):
    """One request to a vendor brought no usable answer; `outcome` says what that means."""

    code = "CALL_FAILED"

    def __init__(self, outcome: Outcome, answer: object | None = None) -> None:
        super().__init__(outcome.message, code=outcome.code)
        self.outcome = outcome
        self.answer = answer
