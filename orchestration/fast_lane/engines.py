"""Engines at hand: one for each shape that came lately."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from orchestration.fast_lane.engine import Engine, Workshop
from orchestration.fast_lane.shape import Shape

KEPT: Final = 24
_SPARE_KINDS: Final = 4  # a plan that reads a few kinds in vain still beats making another


class Engines:
    """`usual`: kinds that follow most slices, so that the first of them finds its engine made."""

    def __init__(self, workshop: Workshop, usual: Shape) -> None:
        self._workshop = workshop
        self._usual = usual
        self._made: OrderedDict[Shape, Engine] = OrderedDict()

    def shapes(self) -> list[Shape]:
        """Of the engines at hand, those used last at the end."""
        return list(self._made)

    def get(self, shape: Shape) -> Engine:
        """An engine for slices of this shape; making one takes half a second."""
        fitting = [known for known in self._made if known >= shape]
        best = min(fitting, key=len, default=None)
        if best is None or len(best - shape - self._usual) > _SPARE_KINDS:
            best = shape | self._usual
            self._made[best] = self._workshop.make(best)
        self._made.move_to_end(best)
        while len(self._made) > KEPT:
            _, oldest = self._made.popitem(last=False)
            self._workshop.discard(oldest)
        return self._made[best]
