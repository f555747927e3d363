"""The fast lane in the service: waits for events, works them off, follows each publication.

What goes wrong with some events never holds up the others: they are tried one by one, and the
batch lane takes those that fail. Several workers, in one service or on several machines, share the
events out among them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import structlog

from ingestion.errors import LogUnavailableError
from ingestion.event_log import EventLog
from ingestion.event_log.model import LogRow, from_micros
from orchestration import warehouse
from orchestration.errors import (
    LaneMemoryError,
    LaneModelError,
    OrchestrationError,
    SliceTooLargeError,
)
from orchestration.fast_lane import loading
from orchestration.fast_lane.ceiling import Ceiling
from orchestration.fast_lane.lane import Worked
from orchestration.fast_lane.loading import Loaded
from orchestration.fast_lane.pace import Pace
from orchestration.fast_lane.seldom import Seldom
from orchestration.fast_lane.shares import Share, Shares
from orchestration.fast_lane.slow import SlowModels, slowest
from orchestration.settings import Settings
from reverse_etl.errors import LaneOvertakenError, LedgerError
from reverse_etl.ledger import Ledger

_log = structlog.get_logger("millrace.fast_lane")

_POLL_SECONDS: Final = 0.02  # for what other processes append; a look takes a hundredth of that
_HELD_UP_SECONDS: Final = 0.005  # for another worker that has the same people in hand
_RELOAD_SECONDS: Final = 1.0
_REST_SECONDS: Final = 1.0  # after a database refused
_WARM: Final = 8  # engines that are made before a new publication is taken up

Observe = Callable[[Sequence[LogRow], Worked, datetime], None]
"""Hears of a micro-batch: its events, what was done, and when it began."""

_TakesFewer = LaneModelError | SliceTooLargeError


class Worker:
    """One fast lane; `run` belongs to one thread, `wake` and `stop` may be called from any."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        ledger: Ledger,
        *,
        enqueued: Callable[[], object],
        ceiling: Ceiling | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._ledger = ledger
        self._enqueued = enqueued
        self._observe = observe
        self._shares = Shares(log, ledger.lane, company=settings.lane_workers > 1)
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._loaded: Loaded | None = None
        self._trying: datetime | None = None
        self._refused: datetime | None = None
        self._look_again = 0.0
        self._made_room_for = 0
        self._pace = Pace.starting(settings.lane_batch_events, settings.lane_most_events)
        self._defer_after = settings.lane_defer_after_seconds
        self._behind = Seldom(monotonic)
        self._slow = SlowModels(settings.lane_slow_model_seconds)
        self._ceiling = ceiling or Ceiling(settings.lane_memory_mb)
        self._outgrown = False
        self._loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fast-lane-loader")
        self._loading: Future[Loaded | None] | None = None

    def stop(self) -> None:
        """Let `run` end after the events that it is working on."""
        self._stopped.set()
        self._woken.set()

    def wake(self) -> None:
        """There may be new events: look now."""
        self._woken.set()

    def run(self) -> bool:
        """Work until stopped; whether it stopped by itself, having taken too much memory."""
        try:
            while not self._stopped.is_set():
                self._woken.clear()
                self._woken.wait(self.turn())
        finally:
            self._release()
            self._loader.shutdown()
            if self._loading is not None:
                self._end_loading(self._loading)
            if self._loaded:
                self._loaded.close()
        return self._outgrown

    def turn(self) -> float:
        """Work off what there is; seconds to wait before the next look."""
        try:
            self._follow()
            if self._loaded is None:
                return _RELOAD_SECONDS
            return self._work(self._loaded)
        except LaneOvertakenError:
            self._shares.overtaken(datetime.now(UTC))
            return 0.0
        except (LedgerError, LogUnavailableError, OrchestrationError) as error:
            _log.error("fast_lane_rests", code=error.code, message=str(error))
            return _REST_SECONDS
        except Exception as error:  # noqa: BLE001  # the lane outlives a defect of its own
            _log.error("fast_lane_rests", code="INTERNAL_ERROR", error=type(error).__name__)
            return _REST_SECONDS

    def _work(self, loaded: Loaded) -> float:
        share = self._shares.next(datetime.now(UTC), most=self._pace.events)
        if share is None:
            return _HELD_UP_SECONDS if self._shares.waits else _POLL_SECONDS
        self._pace = self._take(loaded, share)
        self._keep_small(loaded)
        return 0.0

    def _take(self, loaded: Loaded, share: Share) -> Pace:
        """All at once, or fewer where that fails: one event may be left to the batch lane. The pace
        to go on at."""
        began, now = monotonic(), datetime.now(UTC)
        in_haste = self._is_behind(share, now)
        share = share if in_haste else share.at_most(self._pace.builds)
        try:
            worked = loaded.lane.work(share, now=now, in_haste=in_haste)
        except (LaneModelError, SliceTooLargeError) as error:
            return self._take_fewer(loaded, share, error, now)
        if worked is None:
            self._shares.hold_up(share)
            return self._pace
        self._tell(worked)
        if self._observe is not None:
            self._observe(share.rows, worked, now)
        if in_haste:
            return self._pace.after_haste(worked.events)
        return self._pace.after(worked.events, worked.slice_events, monotonic() - began)

    def _is_behind(self, share: Share, now: datetime) -> bool:
        """Whether more has come than it can build in time: leads should not queue behind pages
        that somebody looks at."""
        if len(share.rows) < min(self._pace.builds, self._pace.usual):
            return False
        waiting = now - from_micros(share.rows[0].received_at)
        return waiting.total_seconds() > self._defer_after

    def _take_fewer(self, loaded: Loaded, share: Share, error: _TakesFewer, now: datetime) -> Pace:
        """A claim is split, as is what holds a poison event; else just less is read next time."""
        if len(share.rows) == 1:
            if not self._may_try_again(loaded, share, error):
                _leave(loaded, share, error, now)
            return self._pace.anew()
        if share.owner is not None or isinstance(error, LaneModelError):
            self._shares.split(share, now)
        return self._pace.too_fast(len(share.rows))

    def _may_try_again(self, loaded: Loaded, share: Share, error: _TakesFewer) -> bool:
        """Where it is only the memory that others take: without them, and once."""
        if not isinstance(error, LaneMemoryError) or self._made_room_for == share.last:
            return False
        self._made_room_for = share.last
        while loaded.engines.discard_one():
            pass
        return True

    def _keep_small(self, loaded: Loaded) -> None:
        """While a publication is loaded there are two for a moment, which proves nothing."""
        if self._loading is None and not self._ceiling.keeps(loaded.engines):
            self._outgrown = True
            self.stop()

    def _release(self) -> None:
        try:
            self._shares.release()
        except LedgerError as error:  # others take over when the claims end
            _log.warning("fast_lane_keeps_claims", code=error.code, message=str(error))

    def _tell(self, worked: Worked) -> None:
        if worked.enqueued:
            self._enqueued()
        if worked.left:
            _log.error(
                "events_left_to_batch",
                code=SliceTooLargeError.code,
                events=len(worked.left),
                position=worked.left[0],
            )
        if worked.deferred and self._behind.is_due("behind"):
            _log.warning("fast_lane_behind", code="LANE_BEHIND", position=worked.position)
        self._slow.look(worked.models, worked.slice_events)
        _log.info(
            "fast_lane_batch",
            events=worked.events,
            position=worked.position,
            slice_events=worked.slice_events,
            rounds=worked.rounds,
            kinds=worked.kinds,
            people=worked.people,
            enqueued=worked.enqueued,
            deferred=worked.deferred,
            **{f"{step}_ms": taken for step, taken in worked.milliseconds.items()},
            **slowest(worked.models),
        )

    def _follow(self) -> None:
        """Take up a new publication as soon as it is ready, which takes seconds; one that cannot
        be used is refused once. Until then the lane works with the one before."""
        if self._loading is not None and self._loading.done():
            self._end_loading(self._loading)
        if self._loading is None and monotonic() >= self._look_again:
            self._look_again = monotonic() + _RELOAD_SECONDS
            self._begin_loading()

    def _begin_loading(self) -> None:
        published = warehouse.publication(self._settings.published)
        current = self._loaded.published_at if self._loaded else None
        if published is None or published.published_at in (current, self._refused):
            return
        self._trying = published.published_at
        warm = self._loaded.engines.shapes()[-_WARM:] if self._loaded else []
        self._loading = self._loader.submit(loading.load, self._settings, self._log, warm)

    def _end_loading(self, ended: Future[Loaded | None]) -> None:
        self._loading = None
        try:
            found = ended.result()
        except OrchestrationError as error:
            self._refused = self._trying
            _log.error("publication_refused", code=error.code, message=str(error))
            return
        except Exception:
            self._refused = self._trying  # to try it again each second would not help
            raise
        if found is not None:
            self.take_up(found)

    def take_up(self, found: Loaded) -> None:
        """Work with this publication from now on."""
        if self._ledger.lane.position() == 0 and found.position:
            loading.learn(found, self._ledger)
        if self._loaded:
            self._loaded.close()
        self._loaded = found
        _log.info("publication_taken_up", position=found.position)


def _leave(loaded: Loaded, share: Share, error: _TakesFewer, now: datetime) -> None:
    _log.error("event_left_to_batch", code=error.code, message=str(error), position=share.last)
    loaded.lane.leave(share, now=now)
