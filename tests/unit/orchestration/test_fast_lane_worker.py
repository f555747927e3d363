"""The fast lane's worker: what goes wrong with one event holds up no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.model import LogRow
from orchestration import connections
from orchestration.errors import LaneModelError
from orchestration.fast_lane.ceiling import Ceiling
from orchestration.fast_lane.lane import Worked
from orchestration.fast_lane.loading import Loaded
from orchestration.fast_lane.worker import Worker
from orchestration.settings import Settings
from reverse_etl.ledger import LaneNews, Ledger

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class LaneWithPoison:
    """Works off what it is given, unless one of these positions is among it."""

    ledger: Ledger
    poison: set[int]
    done: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    def work(self, after: int, new: Sequence[LogRow], *, now: datetime) -> Worked:
        positions = [row.position for row in new]
        self.taken.append(len(new))
        if self.poison & set(positions):
            raise LaneModelError("A model failed.")
        self.ledger.lane.apply(LaneNews(after, positions[-1]), now=now)
        self.done += positions
        return Worked(len(new), positions[-1], len(new), 1, 1, 0, 1, {})

    def leave(self, after: int, new: LogRow, *, now: datetime) -> None:
        self.left.append(new.position)
        self.ledger.lane.apply(LaneNews(after, new.position), now=now)


@dataclass
class Stage:
    settings: Settings
    log: EventLog
    ledger: Ledger
    told: list[str] = field(default_factory=list)

    def worker(self, lane: LaneWithPoison, ceiling: Ceiling | None = None) -> Worker:
        made = Worker(
            self.settings,
            self.log,
            self.ledger,
            enqueued=lambda: self.told.append("enqueued"),
            ceiling=ceiling,
        )
        made.take_up(cast(Loaded, _Loaded(lane)))
        return made


@dataclass
class _Loaded:
    lane: LaneWithPoison
    position: int = 0
    published_at: datetime = NOW
    closed: bool = False

    @property
    def engines(self) -> _Loaded:
        return self

    def discard_one(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def stage(tmp_path: Any) -> Iterator[Stage]:
    settings = Settings(home=tmp_path)
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        log.append([event(number) for number in range(1, 21)])
        yield Stage(settings, log, ledger)


def event(number: int) -> NewEvent:
    return NewEvent(
        source="typeform",
        event_key=str(number),
        kind="webhook",
        received_at=NOW,
        headers={},
        body=b"{}",
        correlation_id=f"c{number}",
    )


@pytest.mark.parametrize("poison", [set(), {1}, {20}, {7, 8}, set(range(1, 21))])
def test_a_poison_event_is_left_alone(stage: Stage, poison: set[int]) -> None:
    """All events but those that no model can take are worked off, each once, and the lane goes on
    behind them."""
    lane = LaneWithPoison(stage.ledger, poison)
    worker = stage.worker(lane)

    assert worker.turn() == 0.0
    assert stage.ledger.lane.position() == 20
    assert lane.done == [number for number in range(1, 21) if number not in poison]
    assert lane.left == sorted(poison)
    assert bool(stage.told) == bool(lane.done)


def test_nothing_new_is_waited_for(stage: Stage) -> None:
    """Without events it looks again soon, and nobody is woken."""
    worker = stage.worker(LaneWithPoison(stage.ledger, set()))
    worker.turn()
    stage.told.clear()

    assert worker.turn() > 0.0
    assert not stage.told


def test_a_worker_behind_takes_more_at_once(stage: Stage) -> None:
    """What waits is taken in batches that double, and as many as usual again once something went
    wrong or nothing waits any more."""
    stage.settings = stage.settings.model_copy(update={"lane_batch_events": 2})
    stage.log.append([event(number) for number in range(21, 41)])
    lane = LaneWithPoison(stage.ledger, {15})
    worker = stage.worker(lane)
    while stage.ledger.lane.position() < 40:
        worker.turn()

    in_halves = [8, 4, 2, 1, 1, 2, 4, 8]
    assert [2, 4, 8, 16, *in_halves, 2, 4, 4] == lane.taken
    assert lane.left == [15]


def test_an_outgrown_worker_ends_in_order(stage: Stage) -> None:
    """After the batch in hand, which is told to the ledger, it ends by itself and says so; what
    came since waits for the next."""
    stage.settings = stage.settings.model_copy(update={"lane_batch_events": 5})
    lane = LaneWithPoison(stage.ledger, set())
    clock = iter([0.0, *[100.0] * 10])
    ceiling = Ceiling(1, resident=lambda: 2, clock=lambda: next(clock))

    assert stage.worker(lane, ceiling).run()
    assert stage.ledger.lane.position() == 5
    assert stage.worker(lane).turn() == 0.0
    assert stage.ledger.lane.position() == 10


def test_a_lane_that_was_overtaken_goes_on_behind_the_other(stage: Stage) -> None:
    """Two workers on one log: what one has done the other does not do again."""
    mine = LaneWithPoison(stage.ledger, set())
    stage.ledger.lane.apply(LaneNews(0, 12), now=NOW)  # the other one

    stage.worker(mine).turn()

    assert mine.done == list(range(13, 21))


def test_a_defect_of_the_lane_stops_nobody_else(stage: Stage) -> None:
    """What nobody foresaw is told and tried again later; gateway and dispatcher, which live in the
    same process, go on."""

    class Defective(LaneWithPoison):
        def work(self, after: int, new: Sequence[LogRow], *, now: datetime) -> Worked:
            raise RuntimeError("nobody foresaw this")

    assert stage.worker(Defective(stage.ledger, set())).turn() > 0.0
    assert stage.ledger.lane.position() == 0


def test_before_the_first_batch_events_wait(stage: Stage) -> None:
    """Nobody knows the models yet: nothing is taken, nothing is lost."""
    worker = Worker(stage.settings, stage.log, stage.ledger, enqueued=lambda: None)
    assert worker.turn() > 0.0
    assert stage.ledger.lane.position() == 0
    worker.stop()
    worker.run()
