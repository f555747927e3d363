"""How many events the fast lane takes at once: few while it keeps up, more while it is behind.

Every micro-batch builds all that its people ever did. Somebody who sends five thousand events is
built once for each of the batches they come in: ten times by batches that stay small, and four
times by batches that double. Where each event is about somebody else, a slice is full long before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

_LONG_SECONDS: Final = 1.0  # a lead that comes meanwhile waits for the batch that is under way
_FULL: Final = 0.8  # of what a slice may hold: the next people may have done more than these
_LESS: Final = 4  # what it takes to know that a slice overflows is paid again for the next guess


@dataclass(frozen=True, slots=True)
class Pace:
    """`usual`: events at once while nothing waits; `most`: events that a slice may hold; `builds`:
    how many to build next; `events`: how many to take next, more than that only in haste."""

    usual: int
    most: int
    builds: int
    events: int

    @classmethod
    def starting(cls, usual: int, most: int) -> Pace:
        return cls(usual, most, usual, usual)

    def after(self, taken: int, slice_events: int, seconds: float) -> Pace:
        """The pace after so many events were built at once, as fewer or as many as this one said,
        of whose people a slice held so many: the next should hold them, too."""
        if seconds > _LONG_SECONDS:
            wanted = max(self.usual // _LESS, min(taken, self.builds) // 2)
        else:
            wanted = 2 * self.builds if taken >= self.builds else self.usual
        fitting = int(_FULL * self.most * taken / slice_events) if slice_events else self.most
        return self._building(min(wanted, fitting))

    def after_haste(self, taken: int) -> Pace:
        """The pace after most of so many events were only noted: there may be as many again."""
        if taken < self.events:
            return self._building(self.builds)
        return replace(self, events=max(1, min(2 * self.events, self.most)))

    def too_fast(self, taken: int) -> Pace:
        """The pace where the people of so many events have more than a slice may hold."""
        return self._building(taken // _LESS)

    def anew(self) -> Pace:
        """The pace where nothing is known."""
        return self._building(self.usual)

    def _building(self, events: int) -> Pace:
        events = max(1, min(events, self.most))
        return replace(self, builds=events, events=events)
