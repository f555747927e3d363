"""Events once more, under a replay id of their own; decisions and answers are never read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import dagster as dg

from ingestion.event_log import EventLog, Kind
from ingestion.event_log.export import replay
from orchestration.errors import NotFoundError

FROM_OUTSIDE: Final[frozenset[Kind]] = frozenset({"webhook", "pull", "backfill"})
COPY: Final = "replay:"  # how the key of a copy begins
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. `left_out`: events that were erased, and copies that were there before
    under the same replay id."""

    replay_id: str
    chosen: int
    appended: int
    left_out: int


def id_of(run: dg.DagsterRun) -> str:
    """The replay id of a run; the same when Dagster tries one again whose process died, so that no
    event is copied twice."""
    return (run.root_run_id or run.run_id)[:12]


def replay_days(
    log: EventLog, first: date, last: date, *, source: str, replay_id: str, now: datetime
) -> Replayed:
    """Everything that came from outside on these days (UTC, both included); of one source, if it
    is named. Raises NotFoundError where there is nothing."""
    start = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last + timedelta(days=1), time.min, UTC)
    positions = log.between(start, end, FROM_OUTSIDE)
    return _replay(log, positions, source, replay_id, now)


def replay_positions(
    log: EventLog, positions: Sequence[int], *, source: str = "", replay_id: str, now: datetime
) -> Replayed:
    """The events at these positions. Raises NotFoundError where none of them came from outside."""
    return _replay(log, positions, source, replay_id, now)


def _replay(
    log: EventLog, positions: Sequence[int], source: str, replay_id: str, now: datetime
) -> Replayed:
    chosen = appended = 0
    for page in _pages(positions):
        originals = _originals(log, page, source)
        answers = replay(log, originals, replay_id, now)
        chosen += len(originals)
        appended += sum(not answer.duplicate for answer in answers)
    if not chosen:
        raise NotFoundError("Nothing was replayed: no event from outside is there.")
    return Replayed(replay_id, chosen, appended, chosen - appended)


def _originals(log: EventLog, positions: Sequence[int], source: str) -> Sequence[int]:
    """Without copies of an earlier replay, whose originals are there too."""
    return [
        event.position
        for event in log.at(positions)
        if event.kind in FROM_OUTSIDE
        and not event.event_key.startswith(COPY)
        and source in ("", event.source)
    ]


def _pages(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), _PAGE):
        yield positions[start : start + _PAGE]
