"""Business time against a simulation that asks the wall clock minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbt_project.functions.business_time import (
    WEEKDAYS,
    CalendarError,
    business_deadline,
    is_business_time,
    is_time_zone,
)

OFFICE = ";".join(f"{day} 09:00-17:00" for day in WEEKDAYS[:5])
MINUTE = timedelta(minutes=1)

# Zones whose clocks jump by an hour, by half an hour, at midnight, and by a whole day.
ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Havana",
         "Asia/Kathmandu", "Pacific/Apia")  # fmt: skip
# Some days around which those clocks jumped, besides days on which none did.
DAYS = (date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31),
        date(2026, 4, 4), date(2026, 10, 3), date(2011, 12, 28), date(2026, 12, 30),
        date(2026, 6, 10))  # fmt: skip

Shift = tuple[int, int, int]


def shifts() -> st.SearchStrategy[list[Shift]]:
    """Weekday, opening and closing minute; they may overlap."""
    times = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda t: t[0] < t[1])
    return st.lists(st.tuples(st.integers(0, 6), times).map(lambda s: (s[0], *s[1])), max_size=9)


def text(given_shifts: list[Shift]) -> str:
    return ";".join(
        f"{WEEKDAYS[day]} {opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
        for day, opens, closes in given_shifts
    )


def is_open(moment: datetime, zone: str, found: list[Shift], closed: set[date]) -> bool:
    """What the definition says: look at the clock on the wall."""
    local = moment.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return local.date() not in closed and any(
        local.weekday() == day and opens <= minute < closes for day, opens, closes in found
    )


def simulated(
    start: datetime, minutes: int, zone: str, found: list[Shift], closed: set[date], days: int
) -> datetime | None:
    """The end of the minute in which the last business minute is over, walking minute by minute."""
    moment = start
    for _ in range(days * 24 * 60):
        minutes -= is_open(moment, zone, found, closed)
        moment += MINUTE
        if minutes == 0:
            return moment
    return None


@settings(max_examples=120)
@example("Europe/Amsterdam", date(2026, 10, 24), 1439, 240, [(6, 150, 240)], set())
@example("Pacific/Apia", date(2011, 12, 28), 0, 600, [(3, 0, 1440), (4, 0, 1440)], set())
@given(
    st.sampled_from(ZONES),
    st.sampled_from(DAYS),
    st.integers(0, 1439),
    st.integers(1, 900),
    shifts(),
    st.sets(st.sampled_from([day + timedelta(days=1) for day in DAYS])),
)
def test_deadlines_equal_the_simulation(
    zone: str, day: date, minute: int, minutes: int, found: list[Shift], closed: set[date]
) -> None:
    """Over jumps of the clock, weekends, holidays and overlapping hours, the deadline is the moment
    that counting minutes finds; a deadline that counting does not reach lies behind it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    days = ",".join(sorted(map(str, closed)))
    expected = simulated(start, minutes, zone, found, closed, days=5)
    at = int(start.timestamp())
    actual = business_deadline(at, minutes, zone, text(found), days)
    if expected is None:
        assert actual is None or actual > (start + timedelta(days=5)).timestamp()
    else:
        assert int(expected.timestamp()) == actual
    assert is_open(start, zone, found, closed) == is_business_time(at, zone, text(found), days)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-01T10:00:00+00:00", 60, "2026-11-02T09:00:00+00:00"),  # Sunday → Monday 10:00
        ("2026-11-06T15:30:00+00:00", 60, "2026-11-09T08:30:00+00:00"),  # over the weekend
        ("2026-11-02T07:00:00+00:00", 480, "2026-11-02T16:00:00+00:00"),  # a whole day: at closing
        ("2026-10-23T14:00:00+00:00", 120, "2026-10-26T09:00:00+00:00"),  # over the end of summer
        ("2026-12-24T15:00:00+00:00", 120, "2026-12-28T09:00:00+00:00"),  # over Christmas
        ("2026-11-02T10:00:00+00:00", 0, "2026-11-02T10:00:00+00:00"),
    ],
)
def test_deadlines_a_person_would_name(start: str, minutes: int, due: str) -> None:
    """An office in Amsterdam, 9 to 5, closed at weekends and on Christmas Day."""
    at = int(datetime.fromisoformat(start).timestamp())
    found = business_deadline(at, minutes, "Europe/Amsterdam", OFFICE, "2026-12-25")
    assert found is not None
    assert due == datetime.fromtimestamp(found, UTC).isoformat()


@given(st.integers(0, 4_000_000_000), st.integers(1, 5_000), st.integers(1, 5_000))
def test_minutes_add_up(start: int, first: int, second: int) -> None:
    """So many minutes after a deadline is the deadline of both together."""
    zone = "America/New_York"
    middle = business_deadline(start, first, zone, OFFICE, "")
    assert middle is not None
    whole = business_deadline(start, first + second, zone, OFFICE, "")
    assert whole == business_deadline(middle, second, zone, OFFICE, "")


def test_a_calendar_that_never_opens_has_no_deadline() -> None:
    """No hours, too many minutes, or a time outside all years: no deadline, not a wrong one."""
    assert business_deadline(0, 1, "UTC", "", "") is None
    assert business_deadline(0, 10**9, "UTC", OFFICE, "") is None
    assert business_deadline(-1, 1, "UTC", OFFICE, "") is None
    assert business_deadline(10**15, 1, "UTC", OFFICE, "") is None
    assert not is_business_time(10**15, "UTC", OFFICE, "")


@pytest.mark.parametrize(
    ("zone", "hours", "holidays", "told"),
    [
        ("Europe/Atlantis", OFFICE, "", "no IANA time zone"),
        ("UTC", "monday 17:00-09:00", "", "must end after they start"),
        ("UTC", "monday 09:00-24:01", "", "must end after they start"),
        ("UTC", "monday 09:75-17:00", "", "must end after they start"),
        ("UTC", "moonday 09:00-17:00", "", "no hours such as"),
        ("UTC", "9 to 5", "", "no hours such as"),
        ("UTC", OFFICE, "Christmas", "no days such as"),
    ],
)
def test_an_impossible_calendar_is_refused(zone: str, hours: str, holidays: str, told: str) -> None:
    """The message names the text that cannot be read."""
    with pytest.raises(CalendarError, match=told):
        business_deadline(0, 1, zone, hours, holidays)


def test_zones_are_known_by_their_iana_names() -> None:
    """Other names, folders, paths and free text are none."""
    names = ("Europe/Amsterdam", "Amsterdam", "Europe", "../UTC", "", "x" * 5_000, "a\0b")
    assert [True, *[False] * 6] == [is_time_zone(name) for name in names]
