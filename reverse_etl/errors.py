"""Everything that can go wrong on the way out.

DeliveryError
├── LedgerError
│   ├── LedgerUnavailableError      the ledger cannot be opened, read or written
│   ├── DeliveryNotFoundError       no delivery has this id
│   └── NotADeadLetterError         only dead or held deliveries can be replayed or discarded
├── ConfigurationError         a connector lacks something it needs
├── FaultPlanError             a fault plan for the sandbox does not make sense
└── CallFailedError                 one request to a vendor brought no usable answer
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reverse_etl.model import Outcome


class DeliveryError(Exception):
    """Something went wrong on the way out."""

    code = "DELIVERY_FAILED"
    remedy = "Read the message; run the command again when its cause is gone."

    def __init__(
        self, message: str | None = None, *, code: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.code = code or self.code
        self.remedy = remedy or self.remedy


class LedgerError(DeliveryError):
    """The ledger refused."""

    code = "LEDGER_FAILED"


class LedgerUnavailableError(LedgerError):
    """The ledger cannot be opened, read or written."""

    code = "LEDGER_UNAVAILABLE"
    remedy = "Check that its folder exists, is writable and has space, and that no backup locks it."


class DeliveryNotFoundError(LedgerError):
    """No delivery has this id."""

    code = "DELIVERY_NOT_FOUND"
    remedy = "List the dead letters to see the ids there are."


class NotADeadLetterError(LedgerError):
    """Only dead or held deliveries can be replayed or discarded."""

    code = "NOT_A_DEAD_LETTER"
    remedy = "Choose a delivery whose state is dead or held."


class ConfigurationError(DeliveryError):
    """A connector lacks something it needs."""

    code = "CONNECTOR_MISCONFIGURED"
    remedy = "Set what the message names and start again."


class FaultPlanError(DeliveryError):
    """The fault plan does not make sense."""

    code = "FAULT_PLAN_INVALID"
    remedy = "Correct the rule that the message names; the plan in force was not changed."


class CallFailedError(DeliveryError):
    """One request to a vendor brought no usable answer; `outcome` says what that means."""

    code = "CALL_FAILED"

    def __init__(self, outcome: Outcome, answer: object | None = None) -> None:
        super().__init__(outcome.message, code=outcome.code)
        self.outcome = outcome
        self.answer = answer
