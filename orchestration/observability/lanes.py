"""What the fast lane's processes did, counted in the service that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson
from prometheus_client.core import CounterMetricFamily, Metric

from ingestion.gateway.metrics import Histogram

if TYPE_CHECKING:
    from orchestration.fast_lane.lane import Worked

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COUNTED: Final = {
    "events": "Events that the fast lane took.",
    "people": "People whom the fast lane built, each time it did.",
    "enqueued": "Deliveries that the fast lane put into the ledger.",
    "deferred": "Events that the fast lane deferred to the batch, being behind.",
    "left": "Events that the fast lane left to the batch, for what it could not build.",
}


def line(worked: Worked) -> bytes:
    """A micro-batch, as the lane's process tells its service."""
    told = {name: getattr(worked, name) for name in _COUNTED} | {"left": len(worked.left)}
    return orjson.dumps({**told, "seconds": sum(worked.milliseconds.values()) / 1000})


@dataclass
class LaneTally:
    """Sums since the service began, of all its lanes."""

    _counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    _seconds: Histogram = field(default_factory=lambda: Histogram(_SECONDS))

    def add(self, told: bytes) -> None:
        """Count a micro-batch that `line` tells of."""
        heard = orjson.loads(told)
        for name in _COUNTED:
            self._counts[name] += heard[name]
        self._seconds.observe(heard["seconds"])

    def collect(self) -> Iterator[Metric]:
        """As Prometheus wants them."""
        for name, documentation in _COUNTED.items():
            value = self._counts[name]
            yield CounterMetricFamily(f"millrace_lane_{name}", documentation, value=value)
        yield self._seconds.told(
            "millrace_lane_batch_seconds", "Time of one micro-batch of the fast lane."
        )
