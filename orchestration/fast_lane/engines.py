"""Engines at hand: narrow ones for the shapes that come often, a wide one for all others.

An engine takes a second to make, which no lead should wait for: what comes for the first time is
built by the wide engine, which knows every kind of event and takes longer over each slice. A
narrow one is made beside the work when its shape has come several times.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import structlog

from orchestration.errors import LaneMemoryError
from orchestration.fast_lane.engine import Engine, Workshop
from orchestration.fast_lane.shape import Shape

_log = structlog.get_logger("millrace.fast_lane")

_KEPT: Final = 16
_SPARE_KINDS: Final = 3  # an engine that reads so few kinds in vain needs no narrower one beside it
_OFTEN: Final = 3


class Engines:
    """For one thread. `wide`: every kind known; `usual`: those that follow most events, which
    every engine takes."""

    def __init__(self, workshop: Workshop, *, wide: Shape, usual: Shape) -> None:
        self._workshop = workshop
        self._usual = usual
        self._made: OrderedDict[Shape, Engine] = OrderedDict()
        self._asked: Counter[Shape] = Counter()
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fast-lane-engines")
        self._making: tuple[Shape, Future[Engine]] | None = None
        self._wide = wide | usual
        self.make(self._wide)

    def close(self) -> None:
        """Wait for an engine that is being made."""
        self._maker.shutdown()

    def shapes(self) -> list[Shape]:
        """Of the narrow engines at hand, those used last at the end."""
        return [shape for shape in self._made if shape != self._wide]

    def make(self, shape: Shape) -> None:
        """Make an engine for the shape now."""
        self._made[shape] = self._workshop.make(shape)

    def discard_one(self) -> bool:
        """Free the narrow engine that was used longest ago; False when there is none."""
        narrow = self.shapes()
        if narrow:
            self._workshop.discard(self._made.pop(narrow[0]))
        return bool(narrow)

    def get(self, shape: Shape) -> Engine:
        """An engine for slices of this shape."""
        self._take_what_is_made()
        if not shape <= self._wide:
            self._widen(shape)
        best = min((known for known in self._made if known >= shape), key=len)
        if len(best - shape - self._usual) > _SPARE_KINDS:
            self._ask(shape | self._usual)
        self._made.move_to_end(best)
        return self._made[best]

    def _widen(self, shape: Shape) -> None:
        """A kind that was never seen: the next one is spared the wait."""
        wide = self._wide | shape
        self.make(wide)  # before the other goes: it may fail
        self._workshop.discard(self._made.pop(self._wide))
        self._wide = wide

    def _ask(self, shape: Shape) -> None:
        self._asked[shape] += 1
        if self._asked[shape] >= _OFTEN and self._making is None:
            self._making = (shape, self._maker.submit(self._workshop.make, shape))

    def _take_what_is_made(self) -> None:
        if self._making is None or not self._making[1].done():
            return
        shape, made = self._making
        self._making = None
        try:
            self._made[shape] = made.result()
        except LaneMemoryError as error:
            self._asked.clear()  # once it comes often again there may be room
            _log.warning("engine_not_made", code=error.code, message=str(error))
            self.discard_one()
        while len(self._made) - 1 > _KEPT:
            self.discard_one()
