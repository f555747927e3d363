"""`millrace bench deliver`: what it reports comes from what happened."""

from __future__ import annotations

import pytest

from orchestration.bench.deliver import Size, measure_deliver


@pytest.mark.slow
def test_a_small_measurement():
    """Every row arrives once, a second enqueueing sends nothing, the limit is kept, and the
    report says on what and how it was measured."""
    steps: list[str] = []
    told = measure_deliver(Size(rows=300, limit=50, rounds=1), steps.append)
    assert (300, 0, 0, 0) == tuple(
        told[name] for name in ("rows", "resync_requests", "duplicates", "rate_limited")
    )
    assert 3 <= told["requests"] < 20
    assert told["rows_per_second"] > 0
    assert {"machine", "versions", "method", "peak_memory_mb", "limit_share"} <= told.keys()
    assert steps
