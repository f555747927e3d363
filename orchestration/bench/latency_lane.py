"""What the fast lane said of its batches while latency was measured: which models took longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import orjson

from orchestration.bench.client import percentile

_SAID: Final = b'"fast_lane_batch"'
_NAMED: Final = 5  # models


def slowest_models(lines: Iterable[bytes]) -> dict[str, Any]:
    """From the service's log lines: batches that ran models, the model that took longest in any of
    them, and those that were the slowest of a batch most often."""
    times: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        told = orjson.loads(line) if _SAID in line else {}
        if "slowest" in told:
            times[told["slowest"]].append(told["slowest_ms"])
    if not times:
        return {"batches": 0}
    model = max(times, key=lambda name: max(times[name]))
    often = sorted(times, key=lambda name: -len(times[name]))[:_NAMED]
    return {
        "batches": sum(map(len, times.values())),
        "slowest": model,
        "slowest_ms": max(times[model]),
        "often_slowest": {name: _figures(times[name]) for name in often},
    }


def _figures(times: list[float]) -> dict[str, float]:
    return {
        "batches": len(times),
        "p50_ms": percentile(sorted(times), 0.5),
        "max_ms": max(times),
    }
