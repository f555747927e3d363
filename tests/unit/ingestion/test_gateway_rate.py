"""The token bucket: what it lets through, and what it says about the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingestion.gateway.rate import Bucket, Rate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_full_at_first_then_at_its_rate():
    """A whole window's requests may come at once; after them one for each share of the window."""
    bucket = Bucket(Rate(4, timedelta(seconds=2)))
    assert [bucket.take(NOON).allowed for _ in range(5)] == [True] * 4 + [False]
    assert not bucket.take(NOON + timedelta(milliseconds=499)).allowed
    assert bucket.take(NOON + timedelta(milliseconds=500)).allowed
    assert not bucket.take(NOON + timedelta(milliseconds=500)).allowed


def test_what_it_says():
    """Limit, what is left, when all may come again, and when the next one may."""
    bucket = Bucket(Rate(2, timedelta(seconds=60)))
    first = bucket.take(NOON)
    assert (first.limit, first.remaining, first.reset, first.retry_after) == (2, 1, 30, 0)
    bucket.take(NOON)
    refused = bucket.take(NOON)
    assert (refused.allowed, refused.remaining, refused.reset) == (False, 0, 60)
    assert refused.retry_after == 30


def test_a_refused_request_costs_nothing():
    """Whoever knocks all the time is let in as soon as whoever waits."""
    bucket = Bucket(Rate(1, timedelta(seconds=1)))
    bucket.take(NOON)
    for tenth in range(1, 10):
        assert not bucket.take(NOON + timedelta(milliseconds=100 * tenth)).allowed
    assert bucket.take(NOON + timedelta(seconds=1)).allowed


def test_a_clock_that_goes_back_does_not_freeze_it():
    """After a jump back, requests come again at the usual rate, counted from the new time."""
    bucket = Bucket(Rate(1, timedelta(seconds=1)))
    bucket.take(NOON)
    back = NOON - timedelta(hours=1)
    assert not bucket.take(back).allowed
    assert bucket.take(back + timedelta(seconds=1)).allowed


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60), st.integers(1, 20))
def test_never_more_than_the_rate(gaps, requests):
    """In no window are more allowed than twice the rate: a full bucket and what came meanwhile."""
    window = timedelta(seconds=1)
    bucket = Bucket(Rate(requests, window))
    now, allowed = NOON, []
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        for _ in range(3):
            verdict = bucket.take(now)
            assert 0 <= verdict.remaining <= requests
            assert verdict.allowed == (verdict.retry_after == 0)
            if verdict.allowed:
                allowed.append(now)
    for at in allowed:
        assert sum(at <= other < at + window for other in allowed) <= 2 * requests
