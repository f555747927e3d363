"""How many batches at once a destination bears. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reverse_etl.model import Call
from reverse_etl.quota import Budget

_RATE_LIMITED = 429


@dataclass(frozen=True, slots=True)
class Pace:
    """One more after each batch that went well, half as many after trouble (additive increase,
    multiplicative decrease, as TCP does it); never more than `most`."""

    at_once: int = 1
    most: int = 8

    @classmethod
    def within(cls, budget: Budget | None, most: int) -> Pace:
        """A beginning. An account that allows few requests a second gains nothing by more batches
        than that: they would only wait for each other with their rows in hand."""
        if budget is None:
            return cls(most=most)
        a_second = budget.requests / budget.window.total_seconds()
        return cls(most=max(1, min(most, int(a_second))))

    def after(self, calls: Sequence[Call]) -> Pace:
        """The pace once a batch with these requests has ended."""
        if not calls:
            return self
        if any(call.failed or call.status == _RATE_LIMITED for call in calls):
            return replace(self, at_once=max(self.at_once // 2, 1))
        return replace(self, at_once=min(self.at_once + 1, self.most))
