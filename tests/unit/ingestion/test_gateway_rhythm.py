"""When a source counts as silent, and how the time of an event is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.gateway.rhythm import rhythm, time_at

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def every(gap, times):
    return [NOON - gap * number for number in range(times)]


def test_usual_gap():
    """The rhythm is the median gap; the gap since the last event is measured against it."""
    found = rhythm(every(timedelta(minutes=2), 30), NOON + timedelta(minutes=3))
    assert (found.gap, found.usual_gap) == (timedelta(minutes=3), timedelta(minutes=2))
    assert not found.silent


def test_silent():
    """A source that sends every two minutes is silent after six; one of every second is given
    five minutes."""
    slow, quick = every(timedelta(minutes=2), 30), every(timedelta(seconds=1), 30)
    assert not rhythm(slow, NOON + timedelta(minutes=6)).silent
    assert rhythm(slow, NOON + timedelta(minutes=6, seconds=1)).silent
    assert not rhythm(quick, NOON + timedelta(minutes=5)).silent
    assert rhythm(quick, NOON + timedelta(minutes=5, seconds=1)).silent


def test_nights_are_no_silence():
    """Gaps that come again and again, such as nights, belong to the rhythm."""
    days = [
        NOON - timedelta(days=day, minutes=10 * number) for day in range(9) for number in range(10)
    ]
    assert not rhythm(days, NOON + timedelta(hours=23)).silent


def test_a_pause_as_a_week_ago_is_no_silence():
    """A source of office hours is quiet at night and on Sundays; one that died is not excused by
    what it did, also when it has been dead for longer than a week."""
    at = timedelta(minutes=1)
    found = rhythm(every(at, 200), NOON + timedelta(hours=10))
    evening, longer = NOON + timedelta(hours=10), NOON + timedelta(days=9)
    a_week_ago = evening - timedelta(weeks=1)
    assert found.silent
    assert not found.beside(a_week_ago - timedelta(hours=9), evening).silent
    assert found.beside(a_week_ago - timedelta(hours=3), evening).silent
    assert found.beside(None, evening).silent
    assert rhythm(every(at, 200), longer).beside(NOON, longer).silent


def test_too_few():
    """Of few events nothing is said but when the last one came; of none, nothing."""
    found = rhythm(every(timedelta(minutes=2), 5), NOON + timedelta(days=9))
    assert (found.gap, found.usual_gap, found.silent) == (timedelta(days=9), None, False)
    assert rhythm([], NOON) is None


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T13:00:00+01:00",
        int(NOON.timestamp()),
        NOON.timestamp() * 1000,
        str(int(NOON.timestamp())),
    ],
)
def test_times(value):
    """Vendors write a moment as ISO 8601, or count seconds or milliseconds."""
    assert time_at({"a": {"b": value}}, ("a", "b")) == NOON


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda child: st.dictionaries(st.sampled_from("ab"), child),
    )
)
def test_whatever_stands_there(document):
    """What is no time is none, and never an error."""
    found = time_at(document, ("a",))
    assert found is None or found.tzinfo is UTC
