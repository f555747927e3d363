"""Business time: a calendar is open while the wall clock of its zone shows one of its hours.

Hours are text such as ``monday 09:00-12:30;monday 13:00-17:00;friday 09:00-24:00``, holidays text
such as ``2026-12-25,2027-01-01`` (days of the zone on which the calendar is closed). An hour that
the clock shows twice when summer time ends is open twice; one that it skips is not open at all.
Moments are whole seconds since 1970.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY: Final = 86_400
_STEP: Final = _DAY // 2  # no zone changes its offset twice within this time
_EPOCH: Final = date(1970, 1, 1).toordinal()
_YEARS: Final = 10  # a deadline farther away than this is none
_LAST_YEAR: Final = 9_000
_SHIFT: Final = re.compile(r"([a-z]+) ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


class CalendarError(ValueError):
    """The zone, the hours or the holidays of a business calendar cannot be read."""


@dataclass(frozen=True, slots=True)
class OpenTimes:
    """The open times of one year, in order: interval ``n`` is ``[opens[n], closes[n])``, and
    ``before[n]`` seconds of the year are open before it; the last of ``before`` is their sum."""

    opens: list[int]
    closes: list[int]
    before: list[int]

    def done(self, moment: int) -> int:
        """The open seconds of the year before this moment."""
        last = bisect_right(self.opens, moment) - 1
        if last < 0:
            return 0
        return self.before[last] + min(moment, self.closes[last]) - self.opens[last]

    def reached(self, seconds: int) -> int | None:
        """The moment at which this many open seconds of the year are over, if there are so many."""
        if seconds > self.before[-1]:
            return None
        interval = bisect_left(self.before, seconds) - 1
        return self.opens[interval] + seconds - self.before[interval]


class Calendar:
    """The open times of a zone's hours, worked out year by year as they are asked for."""

    def __init__(self, zone: str, hours: str, holidays: str) -> None:
        self._zone = _zone(zone)
        self._shifts = _shifts(hours)
        self._holidays = _holidays(holidays)
        self._years: dict[int, OpenTimes] = {}

    def deadline(self, start: int, seconds: int) -> int | None:
        """The first moment with so many open seconds since ``start``; ``None`` when there is none
        within ten years."""
        first = _year_of(start)
        if first is None or not self._shifts or seconds < 0:
            return None
        if seconds == 0:
            return start
        left = seconds + self._year(first).done(start)
        for year in range(first, first + _YEARS):
            times = self._year(year)
            if (found := times.reached(left)) is not None:
                return found
            left -= times.before[-1]
        return None

    def is_open(self, moment: int) -> bool:
        """Whether the calendar is open at this moment."""
        year = _year_of(moment)
        if year is None:
            return False
        times = self._year(year)
        last = bisect_right(times.opens, moment) - 1
        return last >= 0 and moment < times.closes[last]

    def _year(self, year: int) -> OpenTimes:
        if (known := self._years.get(year)) is not None:
            return known
        found = list(self._intervals(_new_year(year), _new_year(year + 1)))
        lengths = (closes - opens for opens, closes in found)
        times = OpenTimes(
            [opens for opens, _ in found],
            [closes for _, closes in found],
            list(accumulate(lengths, initial=0)),
        )
        return self._years.setdefault(year, times)

    def _intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for begins, ends, offset in self._offsets(start, end):
            first, last = (begins + offset) // _DAY, (ends + offset - 1) // _DAY
            for day in range(first, last + 1):
                for opens, closes in self._open_on(day):
                    midnight = day * _DAY - offset
                    clipped = max(midnight + opens, begins), min(midnight + closes, ends)
                    if clipped[0] < clipped[1]:
                        yield clipped

    def _open_on(self, day: int) -> tuple[tuple[int, int], ...]:
        """The shifts of a local day, counted from 1970, as seconds since its midnight."""
        found = date.fromordinal(day + _EPOCH)
        return () if found in self._holidays else self._shifts.get(found.weekday(), ())

    def _offsets(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The times in which the zone's offset to UTC stays the same: start, end, offset."""
        begins, offset = start, self._offset(start)
        for moment in range(start + _STEP, end + _STEP, _STEP):
            if (changed := self._offset(moment)) != offset:
                turn = self._turn(moment - _STEP, moment, offset)
                yield begins, min(turn, end), offset
                begins, offset = turn, changed
        if begins < end:
            yield begins, end, offset

    def _turn(self, before: int, after: int, offset: int) -> int:
        """The second at which the offset that holds at ``before`` ends."""
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == offset else (before, middle)
        return after

    def _offset(self, moment: int) -> int:
        told = datetime.fromtimestamp(moment, self._zone).utcoffset()
        return int(told.total_seconds()) if told else 0


def business_deadline(start: int, minutes: int, zone: str, hours: str, holidays: str) -> int | None:
    """The moment at which so many business minutes since ``start`` are over.

    ``None`` when the calendar is never open, or not enough within ten years.
    Raises CalendarError for a calendar that cannot be read.
    """
    return _calendar(zone, hours, holidays).deadline(start, minutes * 60)


def is_business_time(moment: int, zone: str, hours: str, holidays: str) -> bool:
    """Whether the calendar is open at this moment; raises CalendarError."""
    return _calendar(zone, hours, holidays).is_open(moment)


def is_time_zone(name: str) -> bool:
    """Whether there is an IANA time zone of this name."""
    try:
        _zone(name)
    except CalendarError:
        return False
    return True


@lru_cache(maxsize=256)
def _calendar(zone: str, hours: str, holidays: str) -> Calendar:
    return Calendar(zone, hours, holidays)


def _zone(name: str) -> ZoneInfo:
    """Asked for by name: to list all zones, every one of their files is read."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:  # unknown; a path; a folder of zones
        raise CalendarError(f"{name!r} is no IANA time zone") from error


def _new_year(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _EPOCH) * _DAY


def _year_of(moment: int) -> int | None:
    if not 0 <= moment < _new_year(_LAST_YEAR):
        return None
    return datetime.fromtimestamp(moment, UTC).year


def _shifts(hours: str) -> dict[int, tuple[tuple[int, int], ...]]:
    """Weekday (0 is Monday) → open seconds of the day, in order, without overlap."""
    found: dict[int, list[tuple[int, int]]] = {}
    for text in filter(None, hours.split(";")):
        weekday, opens, closes = _shift(text)
        found.setdefault(weekday, []).append((opens, closes))
    return {weekday: _joined(sorted(shifts)) for weekday, shifts in found.items()}


def _shift(text: str) -> tuple[int, int, int]:
    told = _SHIFT.fullmatch(text.strip().lower())
    if told is None or told[1] not in WEEKDAYS:
        raise CalendarError(f"{text!r} are no hours such as 'monday 09:00-17:00'")
    opens, closes = (int(told[n]) * 3600 + int(told[n + 1]) * 60 for n in (2, 4))
    if not opens < closes <= _DAY or int(told[3]) > 59 or int(told[5]) > 59:
        raise CalendarError(f"{text!r} must end after they start, at 24:00 at the latest")
    return WEEKDAYS.index(told[1]), opens, closes


def _joined(shifts: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for opens, closes in shifts:
        if joined and opens <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(closes, joined[-1][1])
        else:
            joined.append((opens, closes))
    return tuple(joined)


def _holidays(text: str) -> frozenset[date]:
    try:
        return frozenset(date.fromisoformat(day.strip()) for day in text.split(",") if day.strip())
    except ValueError as error:
        raise CalendarError(f"{text!r} are no days such as '2026-12-25,2027-01-01'") from error
