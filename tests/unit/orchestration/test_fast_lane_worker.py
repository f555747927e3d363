"""The fast lane's worker: what goes wrong with one event holds up no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ingestion.event_log import EventLog, NewEvent
from orchestration import connections
from orchestration.errors import LaneModelError, SliceTooLargeError
from orchestration.fast_lane.ceiling import Ceiling
from orchestration.fast_lane.lane import Worked
from orchestration.fast_lane.loading import Loaded
from orchestration.fast_lane.shares import Share, Shares
from orchestration.fast_lane.worker import Worker
from orchestration.settings import Settings
from reverse_etl.ledger import LaneNews, Ledger

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class LaneWithPoison:
    """Works off what it is given, unless one of these positions is among it; `everybody`: all
    events are about one person."""

    poison: set[int]
    done: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    hurried: list[int] = field(default_factory=list)
    everybody: bool = False
    holds: int = 99

    def work(self, share: Share, *, now: datetime, in_haste: bool = False) -> Worked | None:
        positions = [row.position for row in share.rows]
        self.taken.append(len(positions))
        if in_haste:
            self.hurried.append(len(positions))
        if self.everybody and not share.reach([1], noted=(), known=(), most=9).passed:
            return None
        if len(positions) > self.holds:
            raise SliceTooLargeError("Too many events.")
        if self.poison & set(positions):
            raise LaneModelError("A model failed.")
        share.apply(LaneNews(share.after, share.last), now=now)
        self.done += positions
        return Worked(len(positions), share.last, len(positions), 1, 1, 0, 1, {})

    def leave(self, share: Share, *, now: datetime) -> None:
        self.left.append(share.last)
        share.apply(LaneNews(share.after, share.last), now=now)


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


def until_idle(worker: Worker) -> None:
    """As long as there is something to do at once."""
    turns = (worker.turn() for _ in range(100))
    assert any(wait > 0.0 for wait in turns)


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
    lane = LaneWithPoison(poison)
    worker = stage.worker(lane)

    until_idle(worker)
    assert stage.ledger.lane.position() == 20
    assert stage.ledger.lane.stand().claims == ()
    assert lane.done == [number for number in range(1, 21) if number not in poison]
    assert lane.left == sorted(poison)
    assert bool(stage.told) == bool(lane.done)


def test_nothing_new_is_waited_for(stage: Stage) -> None:
    """Without events it looks again soon, and nobody is woken."""
    worker = stage.worker(LaneWithPoison(set()))
    worker.turn()
    stage.told.clear()

    assert worker.turn() > 0.0
    assert not stage.told


def test_a_worker_behind_takes_more_at_once(stage: Stage) -> None:
    """What waits is taken in batches that double, and as many as usual again once something went
    wrong or nothing waits any more."""
    stage.settings = stage.settings.model_copy(update={"lane_batch_events": 2})
    stage.log.append([event(number) for number in range(21, 41)])
    lane = LaneWithPoison({15})
    worker = stage.worker(lane)
    until_idle(worker)

    in_halves = [8, 4, 2, 1, 1, 2, 4, 8]
    assert [2, 4, 8, 16, *in_halves, 10] == lane.taken
    assert lane.left == [15]


def test_only_a_worker_behind_is_in_haste(stage: Stage) -> None:
    """Where as many events as usual have waited too long, not where a few have, nor where many
    have just come."""
    chosen = {"lane_batch_events": 8, "lane_defer_after_seconds": 60}
    stage.settings = stage.settings.model_copy(update=chosen)
    lane = LaneWithPoison(set())
    worker = stage.worker(lane)
    until_idle(worker)
    stage.log.append([replace(event(n), received_at=datetime.now(UTC)) for n in range(21, 41)])
    until_idle(worker)

    assert [8, 12, 8, 12] == lane.taken
    assert [8, 12] == lane.hurried


def test_a_worker_that_must_take_few_is_in_haste_all_the_same(stage: Stage) -> None:
    """Where the people have done so much that few events fill a slice, a full share is one that
    holds these few."""
    chosen = {"lane_batch_events": 8, "lane_defer_after_seconds": 60}
    stage.settings = stage.settings.model_copy(update=chosen)
    lane = LaneWithPoison(set(), holds=2)
    until_idle(stage.worker(lane))

    assert [8, 2, 4, 1, 2] == lane.taken[:5]
    assert lane.taken == lane.hurried
    assert list(range(1, 21)) == lane.done


def test_what_has_just_come_is_built_in_small_shares(stage: Stage) -> None:
    """After a flood much may be read at once; of what nobody waited for yet only as much is built
    as at first."""
    stage.settings = stage.settings.model_copy(
        update={"lane_batch_events": 8, "lane_defer_after_seconds": 60}
    )
    stage.log.append([replace(event(n), received_at=datetime.now(UTC)) for n in range(21, 61)])
    lane = LaneWithPoison(set())
    until_idle(stage.worker(lane))

    assert [8, 16, 8] == lane.taken[:3]
    assert [8, 16] == lane.hurried
    assert list(range(1, 61)) == lane.done


def test_an_outgrown_worker_ends_in_order(stage: Stage) -> None:
    """After the batch in hand, which is told to the ledger, it ends by itself and says so; what
    came since waits for the next."""
    stage.settings = stage.settings.model_copy(update={"lane_batch_events": 5})
    lane = LaneWithPoison(set())
    clock = iter([0.0, *[100.0] * 10])
    ceiling = Ceiling(1, resident=lambda: 2, clock=lambda: next(clock))

    assert stage.worker(lane, ceiling).run()
    assert stage.ledger.lane.position() == 5
    assert stage.worker(lane).turn() == 0.0
    assert stage.ledger.lane.position() == 10


def test_a_lane_that_was_overtaken_goes_on_behind_the_other(stage: Stage) -> None:
    """Two workers on one log: what one has done the other does not do again."""

    class Slow(LaneWithPoison):
        def work(self, share: Share, *, now: datetime, in_haste: bool = False) -> Worked | None:
            if not self.done and stage.ledger.lane.position() == 0:
                stage.ledger.lane.apply(LaneNews(0, 12), now=NOW)  # the other one
            return super().work(share, now=now, in_haste=in_haste)

    mine = Slow(set())
    until_idle(stage.worker(mine))

    assert mine.done == list(range(13, 21))


def test_workers_share_the_events_out(stage: Stage) -> None:
    """What one has in hand another one leaves to it, until it ends."""
    first, second = LaneWithPoison(set()), LaneWithPoison(set())
    stage.settings = stage.settings.model_copy(update={"lane_workers": 2, "lane_batch_events": 10})
    shares = Shares(stage.log, stage.ledger.lane, company=True)
    held = shares.next(datetime.now(UTC), most=10)
    until_idle(stage.worker(first))

    assert held is not None
    assert first.done == list(range(11, 21))
    assert stage.ledger.lane.position() == 0
    shares.release()
    until_idle(stage.worker(second))
    assert second.done == list(range(1, 11))
    assert stage.ledger.lane.position() == 20


def test_the_same_people_are_waited_for(stage: Stage) -> None:
    """Events of somebody whom a worker before has in hand come when it has told; it looks again
    soon, and not into the models."""
    stage.settings = stage.settings.model_copy(update={"lane_workers": 2, "lane_batch_events": 10})
    first = Shares(stage.log, stage.ledger.lane, company=True)
    held = first.next(datetime.now(UTC), most=10)
    assert held is not None
    assert held.reach([1], noted=(), known=(), most=9).passed
    later = LaneWithPoison(set(), everybody=True)
    worker = stage.worker(later)

    until_idle(worker)
    assert later.done == []
    assert 0.0 < worker.turn() < 0.02
    held.apply(LaneNews(held.after, held.last), now=NOW)
    until_idle(worker)
    assert later.done == list(range(11, 21))


def test_who_stops_gives_back_what_it_has_in_hand(stage: Stage) -> None:
    """Another worker need not wait for the end of the lease."""

    class Stuck(LaneWithPoison):
        def work(self, share: Share, *, now: datetime, in_haste: bool = False) -> Worked | None:
            return None

    stage.settings = stage.settings.model_copy(update={"lane_workers": 2})
    worker, other = stage.worker(Stuck(set())), LaneWithPoison(set())
    worker.turn()
    worker.stop()
    worker.run()
    until_idle(stage.worker(other))

    assert other.done == list(range(1, 21))


def test_a_defect_of_the_lane_does_not_end_it(stage: Stage) -> None:
    """What nobody foresaw is told, and tried again later; nothing is taken as done."""

    class Defective(LaneWithPoison):
        def work(self, share: Share, *, now: datetime, in_haste: bool = False) -> Worked | None:
            raise RuntimeError("nobody foresaw this")

    assert stage.worker(Defective(set())).turn() > 0.0
    assert stage.ledger.lane.position() == 0


def test_before_the_first_batch_events_wait(stage: Stage) -> None:
    """Nobody knows the models yet: nothing is taken, nothing is lost."""
    worker = Worker(stage.settings, stage.log, stage.ledger, enqueued=lambda: None)
    assert worker.turn() > 0.0
    assert stage.ledger.lane.position() == 0
    worker.stop()
    worker.run()
