"""The nouns of delivery. All times are UTC and aware; payloads are JSON text."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from reverse_etl import catalogue

Mode = Literal["state", "event"]
ConsentStatus = Literal["granted", "missing", "withdrawn"]


class State(enum.StrEnum):
    """Where a delivery is; every delivery is in exactly one state."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    DEAD = "dead"
    HELD = "held"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


def object_kind(action: str) -> str:
    """The kind of vendor object that an action touches: `upsert_contact` → `contact`."""
    return action.partition("_")[2] or action


@dataclass(frozen=True, slots=True)
class ActivationRow:
    """One effect wanted at a destination, as the activation models give it."""

    destination: str
    action: str
    mode: Mode
    entity_key: str
    person_id: str
    external_id: str | None
    order_key: str
    payload: str
    payload_hash: str
    event_time: datetime
    deadline_at: datetime | None
    priority: int
    purpose: str
    consent_status: ConsentStatus
    consent_id: str | None
    correlation_id: str


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A person's effective consent for one purpose."""

    person_id: str
    purpose: str
    status: ConsentStatus
    consent_id: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An activation row in the ledger, with what became of it."""

    id: int
    destination: str
    action: str
    mode: Mode
    entity_key: str
    person_id: str
    external_id: str | None
    order_key: str
    payload: str
    payload_hash: str
    event_time: datetime
    deadline_at: datetime | None
    priority: int
    purpose: str
    consent_status: ConsentStatus
    consent_id: str | None
    correlation_id: str
    state: State
    code: str | None
    message: str | None
    attempts: int
    possible_repeats: int
    due_at: datetime
    created_at: datetime
    updated_at: datetime
    requested_at: datetime | None
    last_attempt_at: datetime | None
    delivered_at: datetime | None
    vendor_id: str | None
    lease: str | None
    lease_until: datetime | None

    @property
    def body(self) -> dict[str, Any]:
        """The payload, parsed."""
        parsed: dict[str, Any] = orjson.loads(self.payload)
        return parsed

    @property
    def hot(self) -> bool:
        """Whether the row may use the reserved share of the quota."""
        return self.priority <= 0


class Kind(enum.StrEnum):
    """What an answer (or its absence) means for one delivery."""

    DELIVERED = "delivered"
    RETRYABLE = "retryable"
    UNREACHABLE = "unreachable"  # certainly not sent: costs no attempt
    PERMANENT = "permanent"
    REFUSED = "refused"  # the whole batch was; which item is to blame is not known
    AUTHENTICATION = "authentication"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a destination told us besides an id: `data` are members of an event of this type. It
    may be personal, so it goes to the event log and nowhere else."""

    type: str
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one send did to one delivery. `message` is redacted before it is stored.
    `costs_attempt`: false for what would have happened to any row, such as a spent budget; `fact`:
    to be in the event log before the row is settled."""

    kind: Kind
    code: str
    message: str = ""
    status: int | None = None
    retry_after: timedelta | None = None
    vendor_id: str | None = None
    possible_repeat: bool = False
    costs_attempt: bool = True
    fact: Fact | None = None

    @property
    def stops(self) -> bool:
        """Whether somebody has to mend credentials or address before anything else is sent."""
        return self.kind is Kind.AUTHENTICATION or self.code == catalogue.ENDPOINT_WRONG


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as it went: no query, no body, no header."""

    method: str
    path: str
    status: int | None
    milliseconds: float
    items: int
    code: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it speaks against the destination's health (a 429 or a 4xx does not)."""
        return self.status is None or self.status >= 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What a connector made of a batch. A delivery without an outcome counts as unknown."""

    outcomes: Mapping[int, Outcome]
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one delivery; append-only, holds no personal data."""

    id: int
    delivery_id: int
    batch_id: str
    started_at: datetime
    milliseconds: float
    kind: str
    code: str
    status: int | None
    request: str
    response: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which delivery, when and why."""

    id: int
    at: datetime
    who: str
    what: str
    delivery_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A fact that a destination told us, to be appended to the event log. `key`: what makes it
    one among the answers of its type and destination; `data`: what else its event says."""

    type: str
    destination: str
    key: str
    person_id: str
    occurred_at: datetime
    correlation_id: str
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger knows of a destination's credentials. `sealed`: its tokens, encrypted;
    `since`: when the secret with this fingerprint was first used; `claimed_until`: somebody renews
    the tokens."""

    destination: str
    fingerprint: str | None = None
    since: datetime | None = None
    sealed: str | None = None
    expires_at: datetime | None = None
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """What keeps rows of an activation table from going out at once.

    `held`: entity key → the code that keeps it back, e.g. CONTRACT_VIOLATION; `reasons`: entity
    key → what that is due to, without values. When more than
    `approve_above` new rows would go out, all of them are held until somebody approves. With
    `skip_stale`, an event whose deadline had passed before it was first seen is left alone.
    `asks`: the rows are questions, and so long other rows of their person wait for the answer;
    `waits`: rows wait for answers about their person.
    """

    held: Mapping[str, str] = field(default_factory=dict)
    approve_above: int | None = None
    skip_stale: bool = False
    asks: timedelta | None = None
    waits: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)
