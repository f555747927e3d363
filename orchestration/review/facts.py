"""What the review looks at. Times are UTC; nothing in here is personal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestration.velocity import Journey
from reverse_etl.ledger import DeadGroup

Thing = Literal[
    "source", "destination", "API key", "match rule", "score rule", "routing rule", "sensor"
]

Kind = Literal["sensor", "schedule"]


@dataclass(frozen=True, slots=True)
class Activity:
    """When something that is switched on did something last (None: never), and since when it could
    have (None: since the installation has events)."""

    thing: Thing
    name: str
    last_at: datetime | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """A sensor or a schedule, and whether it is on."""

    kind: Kind
    name: str
    running: bool


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by what it is for, and how many days it has been in use."""

    kind: str
    name: str
    age_days: int


@dataclass(frozen=True, slots=True)
class Accounts:
    """Both identities of law 8; `events` and `deliveries` tell the figures in words."""

    events_balanced: bool
    deliveries_balanced: bool
    events: str
    deliveries: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything. `begun_at`: when the first event came, None before; `daemon_seen_at`: when
    Dagster's daemon looked after sensors and schedules last; `alert_targets`: chats that are told
    of failures; `journeys`: hot deliveries of the last day that went or wait; `dead`: what died in
    the last day; `unread`: parts that could not be looked at, with code and reason."""

    begun_at: datetime | None
    activities: Sequence[Activity]
    automations: Sequence[Automation]
    daemon_seen_at: datetime | None
    alert_targets: Sequence[str]
    objective_seconds: float
    journeys: Sequence[Journey]
    dead: Sequence[DeadGroup]
    secrets: Sequence[Secret]
    secret_max_days: int
    accounts: Accounts | None
    unread: Sequence[tuple[str, str]] = field(default_factory=tuple)
