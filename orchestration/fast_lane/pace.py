"""How many events the fast lane takes at once: few while it keeps up, more while it is behind.

Every micro-batch builds all that its people ever did. Somebody who sends five thousand events is
built once for each of the batches they come in: ten times by batches that stay small, and four
times by batches that double.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

_LONG_SECONDS: Final = 1.0  # a lead that comes meanwhile waits for the batch that is under way


@dataclass(frozen=True, slots=True)
class Pace:
    """`usual`: events at once while nothing waits; `most`: events that a slice may hold; `events`:
    how many to take next."""

    usual: int
    most: int
    events: int

    @classmethod
    def starting(cls, usual: int, most: int) -> Pace:
        return cls(usual, most, usual)

    def after(self, taken: int, slice_events: int, seconds: float) -> Pace:
        """The pace after so many events were taken at once, as fewer or as many as this one said;
        twice as many only where a slice would hold them."""
        if taken < self.events:
            return self.anew()
        if seconds > _LONG_SECONDS:
            return replace(self, events=max(self.usual, self.events // 2))
        if 2 * slice_events > self.most:
            return self
        return replace(self, events=max(self.usual, min(self.most, 2 * self.events)))

    def anew(self) -> Pace:
        """The pace where nothing waits, or where so many events could not be taken."""
        return replace(self, events=self.usual)
