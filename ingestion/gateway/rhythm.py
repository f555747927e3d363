"""How regularly a source sends, and whether it has fallen silent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles
from typing import Any, Final

_ENOUGH: Final = 10  # gaps; fewer show no rhythm
_PATIENCE: Final = 3
_ALIKE: Final = 1.5  # no pause is as long as another
_SHORTEST: Final = timedelta(minutes=5)
WEEK: Final = timedelta(weeks=1)
_MILLISECONDS: Final = 100_000_000_000  # a number beyond is no second of our time


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``gap``: since the last event. ``usual_gap``: the median between events, ``long_gap``: the
    one that 95 of 100 are not longer than; None where there are too few events to say.

    ``gap_then``: how long the source had been quiet at this hour a week ago, None where nobody
    looked or it had not sent before. ``silent``: the gap is three times the long one, at least five
    minutes, and by that more than half as long again as the one then: nights and weekends are none.
    """

    gap: timedelta
    usual_gap: timedelta | None
    long_gap: timedelta | None
    gap_then: timedelta | None = None

    @property
    def silent(self) -> bool:
        """Whether more time has passed than the source ever lets pass."""
        if self.long_gap is None:
            return False
        least = max(self.long_gap * _PATIENCE, _SHORTEST)
        return self.gap > least + (self.gap_then or timedelta()) * _ALIKE

    def beside(self, last_then: datetime | None, now: datetime) -> Rhythm:
        """Compared with a week ago; ``last_then``: the last event until `now - WEEK`."""
        if last_then is None or self.gap >= WEEK:  # a source that died then is no measure
            return self
        return replace(self, gap_then=now - WEEK - last_then)


def rhythm(received: Sequence[datetime], now: datetime) -> Rhythm | None:
    """The rhythm of events, newest first, in UTC; None when there are none."""
    if not received:
        return None
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(received)]
    if len(gaps) < _ENOUGH:
        return Rhythm(now - received[0], None, None)
    longest = quantiles(gaps, n=20, method="inclusive")[-1]
    return Rhythm(now - received[0], timedelta(seconds=median(gaps)), timedelta(seconds=longest))


def time_at(document: Any, path: Sequence[str]) -> datetime | None:
    """The time at a path of members, in UTC: ISO 8601 with a zone, or a number of seconds or
    milliseconds since 1970. None where there is none."""
    for member in path:
        document = document.get(member) if isinstance(document, Mapping) else None
    try:
        if isinstance(document, str) and not document.replace(".", "", 1).isdigit():
            moment = datetime.fromisoformat(document)
            return moment.astimezone(UTC) if moment.tzinfo else None
        if isinstance(document, bool) or document is None:
            return None
        number = float(document)
        seconds = number / 1000 if number > _MILLISECONDS else number
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
