"""Models that take long over the people of one slice: whoever waits for a lead waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from orchestration.fast_lane.seldom import Seldom

_log = structlog.get_logger("millrace.fast_lane")


class SlowModels:
    """Names them, each once a minute."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._told = Seldom(clock)

    def look(self, taken: Mapping[str, float], slice_events: int) -> None:
        """At the seconds that each model took over a slice of so many events."""
        for model, seconds in taken.items():
            if seconds > self._seconds and self._told.is_due(model):
                _log.warning(
                    "lane_model_slow",
                    code="LANE_MODEL_SLOW",
                    model=model,
                    seconds=round(seconds, 3),
                    slice_events=slice_events,
                )


def slowest(taken: Mapping[str, float]) -> dict[str, str | float]:
    """For the log line of a batch: the model that took longest, and how long; nothing where no
    model ran."""
    if not taken:
        return {}
    model = max(taken, key=lambda name: taken[name])
    return {"slowest": model, "slowest_ms": round(taken[model] * 1000, 2)}
