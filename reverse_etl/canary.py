"""Who is in a canary: a share of people, the same ones each time. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

_STEPS = 2**32


@dataclass(frozen=True, slots=True)
class Canary:
    """Only a `share` (0 to 1) of people is sent to a destination since then. Once it is rolled
    back nothing new is queued there, until somebody promotes or starts anew."""

    destination: str
    share: float
    since: datetime
    who: str
    rolled_back_at: datetime | None = None

    def admits(self, person_id: str) -> bool:
        """Whether this person is among them; who is in a small share is in a larger one too."""
        digest = hashlib.sha256(f"canary:{person_id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < self.share * _STEPS


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What going back does: `restored` objects get their old values again; those that the canary
    `created` stay, and so do `events` (tasks, messages, conversions): they cannot be taken back."""

    restored: int = 0
    created: int = 0
    events: int = 0
