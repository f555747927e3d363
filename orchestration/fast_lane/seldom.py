"""What would be said after every batch is said once a minute."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

_SECONDS: Final = 60.0


class Seldom:
    """Remembers when something was said last."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._said: dict[str, float] = {}

    def is_due(self, matter: str) -> bool:
        """Whether to say it now, which is then taken as said."""
        now = self._clock()
        said = self._said.get(matter)
        if said is not None and now - said < _SECONDS:
            return False
        self._said[matter] = now
        return True
