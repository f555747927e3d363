"""Volume, silence and drift: pure policy, and what it says where there is too little to judge."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.quality.measures import Drift, Volume, freshness, mix, psi, volume

DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
COUNTS = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 1_000), min_size=1)


def weeks(*rows: int, today: int = 0) -> dict[date, int]:
    """Rows on the same weekday of the weeks before, the latest first, and of the day itself."""
    before = {DAY - timedelta(weeks=week): rows for week, rows in enumerate(rows, 1)}
    return before | {DAY: today}


@pytest.mark.parametrize(
    ("today", "kept"), [(49, False), (50, True), (100, True), (300, True), (301, False), (0, False)]
)
def test_volume_is_judged_by_the_same_weekday(today: int, kept: bool) -> None:
    """Half to three times the median of the weeks before is usual; other weekdays do not count."""
    counts = weeks(100, 100, 100, 5_000, today=today) | {DAY - timedelta(days=1): 10_000}

    assert kept is volume("source", counts, DAY).kept


def test_volume_needs_a_history() -> None:
    """A new source, and one of few rows, is not judged, and the verdict says why."""
    young = volume("source", weeks(100, 100, 100, today=1), DAY)
    small = volume("source", weeks(2, 2, 2, 2, today=0), DAY)

    assert [None, None] == [young.kept, small.kept]
    assert "3 of 4 weeks" in young.said
    assert "too few" in small.said


def test_a_week_without_rows_counts() -> None:
    """From its first row on, a day on which a source sent nothing is a day with 0 rows."""
    counts = {DAY - timedelta(weeks=week): 100 for week in (1, 5, 6)} | {DAY: 100}

    assert None is volume("source", counts, DAY, Volume(rows=60)).kept


@given(st.integers(20, 10_000), st.integers(1, 50))
def test_volume_knows_no_scale(usual: int, factor: int) -> None:
    """As many times more rows on every day make no difference, once there are enough to judge."""
    small = volume("s", weeks(*[usual] * 8, today=usual // 3), DAY)
    large = volume("s", weeks(*[usual * factor] * 8, today=usual // 3 * factor), DAY)

    assert False is small.kept is large.kept


@given(COUNTS)
def test_nothing_drifts_from_itself(counts: dict[str, int]) -> None:
    """Equal distributions have no index, whatever they are."""
    assert psi(counts, counts) == pytest.approx(0)


@given(COUNTS, COUNTS)
def test_drift_is_the_same_both_ways(first: dict[str, int], second: dict[str, int]) -> None:
    """The index is symmetric and never negative."""
    assert psi(first, second) == pytest.approx(psi(second, first))
    assert psi(first, second) >= -1e-12


def test_drift_is_judged_where_there_are_enough_people() -> None:
    """A mix that turned round drifts; one of few people is not judged."""
    then, now = {"a": 900, "b": 100}, {"a": 100, "b": 900}

    assert False is mix("mix", then, now).kept
    assert True is mix("mix", then, {"a": 870, "b": 130}).kept
    assert None is mix("mix", then, {"b": 99}, Drift(people=100)).kept


def test_silence_is_three_times_the_longest_usual_gap() -> None:
    """A source that sends every hour may be quiet for three; a burst of one day is no rhythm."""
    hourly = [NOW - timedelta(hours=hour) for hour in range(48)]
    burst = [NOW - timedelta(minutes=minute) for minute in range(48)]

    assert True is freshness("source", hourly, NOW + timedelta(hours=3)).kept
    assert False is freshness("source", hourly, NOW + timedelta(hours=4)).kept
    assert None is freshness("source", burst, NOW + timedelta(days=9)).kept
    assert None is freshness("source", [], NOW).kept
