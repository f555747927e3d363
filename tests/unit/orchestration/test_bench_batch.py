"""`millrace bench batch`: what it reports."""

from __future__ import annotations

import pytest

from orchestration.bench.batch import LIMITS, Plan, measure_batch, of_rounds


def test_the_median_round_is_told_beside_its_limit():
    """One slow round of three moves no figure, and every round is in the report."""
    told = of_rounds([{"seconds": 40.0}, {"seconds": 90.0}, {"seconds": 36.0}])
    assert told["seconds"] == 40.0
    assert told["of_limit"] == round(40 / LIMITS["batch_seconds"], 3)
    assert len(told["rounds"]) == 3


@pytest.mark.slow
def test_a_small_measurement_of_batches():
    """Each round loads its events and builds the people touched alone; a form that is logged while
    Dagster's daemon runs is published without any command."""
    steps: list[str] = []
    told = measure_batch(
        Plan(people=300, history=2_000, new=50, rounds=2, arrivals=1), steps.append
    )
    assert [each["loaded"] >= 50 for each in told["batch"]["rounds"]] == [True, True]
    assert {each["build"] for each in told["batch"]["rounds"]} == {"incremental"}
    assert all(each["steps"]["dbt"] > 0 for each in told["batch"]["rounds"])
    assert 0 < told["sensor"]["seconds"] < 300
    assert {"machine", "versions", "method"} <= told.keys()
    assert steps
