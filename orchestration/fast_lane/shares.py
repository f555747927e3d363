"""Which events a worker works on next, where others may work on the same log.

Who is alone needs no claim: that nobody else was there shows when the work is applied, and where
somebody was it is refused and done again, this time under a claim. A claim costs a transaction, so
only a database that other machines may share is worked on under claims from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final, Protocol

from ingestion.event_log.model import LogRow
from reverse_etl.ledger import Asking, Claim, Held, LaneNews, Stand
from reverse_etl.ledger.lane import Lane
from reverse_etl.owner import is_dead, this_process
from reverse_etl.reports import EnqueueReport

_LEASE: Final = timedelta(seconds=60)  # a machine that vanished is waited for so long
_COMPANY: Final = timedelta(seconds=60)  # who was there lately may come back


class Log(Protocol):
    """What is read of the event log."""

    def rows(self, *, after: int, limit: int) -> Sequence[LogRow]:
        """See ``EventLog.rows``."""

    def head(self) -> int:
        """See ``EventLog.head``."""


@dataclass(frozen=True, slots=True)
class Share:
    """The events behind position `after`, up to `last`. `owner` claimed them, None: nobody did.
    `tells`: it tells others whom it is about; who is first and alone need not, and passes. `seen`:
    its own claim and those before it."""

    lane: Lane
    after: int
    last: int
    rows: Sequence[LogRow]
    owner: str | None = None
    tells: bool = False
    seen: tuple[Claim, ...] = ()

    def at_most(self, events: int) -> Share:
        """Only the first so many, where nobody claimed them."""
        if self.owner is not None or len(self.rows) <= events:
            return self
        return replace(self, rows=self.rows[:events], last=self.rows[events - 1].position)

    def reach(
        self,
        nodes: Collection[int],
        *,
        noted: Iterable[int],
        known: Collection[int],
        most: int,
    ) -> Held:
        """See ``Lane.hold``. Raises LaneOvertakenError."""
        if self.owner is None or not self.tells:
            return Held(self.lane.reach(nodes, most=most), passed=True)
        return self.lane.hold(
            self.owner, self.last, nodes, noted=set(noted), known=known, most=most
        )

    def apply(self, news: LaneNews, *, now: datetime) -> dict[tuple[str, str], EnqueueReport]:
        """See ``Lane.apply``."""
        return self.lane.apply(news, now=now, owner=self.owner)


class Shares:
    """Those of one worker. `company`: others work beside it for certain."""

    def __init__(
        self,
        log: Log,
        lane: Lane,
        *,
        company: bool = False,
        owner: str | None = None,
        dead: Callable[[str], bool] = is_dead,
    ) -> None:
        self._log = log
        self._lane = lane
        self._company = company
        self._seen_until: datetime | None = None
        self._owner = owner or f"{this_process()}:{token_hex(8)}"
        self._dead = dead
        self._held_up: tuple[Claim, ...] = ()
        self._waits = False

    @property
    def waits(self) -> bool:
        """Whether what this worker has in hand waits for another one's."""
        return self._waits

    def next(self, now: datetime, *, most: int) -> Share | None:
        """The lowest events to work on, at most so many of those that nobody has claimed; None when
        there are none, or they wait."""
        self._waits = False
        stand = self._lane.stand()
        self._look_around(stand, now)
        if not (stand.claims or self._lane.is_shared or self._in_company(now)):
            return self._unclaimed(stand.position, most)
        stand = self._taken(stand, now, most)
        mine = stand.free(self._owner, now, _nobody)
        if mine is None or mine.owner != self._owner:
            return None
        before = stand.before(mine)
        self._waits = bool(before) and self._held_up == (mine, *before)
        return None if self._waits else self._share((mine, *before), now)

    def hold_up(self, share: Share) -> None:
        """Somebody before it is about the same people: it comes again when something has changed
        there."""
        self._held_up = share.seen

    def overtaken(self, now: datetime) -> None:
        """Somebody else was there."""
        self._seen_until = now + _COMPANY

    def split(self, share: Share, now: datetime) -> None:
        """Make two of one; both come again. Raises LaneOvertakenError."""
        middle = share.rows[len(share.rows) // 2 - 1].position
        self._lane.split(self._asking(now), share.after, share.last, middle=middle)

    def release(self) -> None:
        """The worker ends: others take over at once."""
        if self._lane.stand().claims:
            self._lane.release(self._owner)

    def _unclaimed(self, position: int, most: int) -> Share | None:
        rows = self._log.rows(after=position, limit=most)
        return Share(self._lane, position, rows[-1].position, rows) if rows else None

    def _taken(self, stand: Stand, now: datetime, most: int) -> Stand:
        """As it stands, or after taking what there is to take: most looks find nothing, and
        should not write."""
        free = stand.free(self._owner, now, self._dead)
        if free is None and self._log.head() <= stand.top:
            return stand
        if free and free.owner == self._owner and free.until - now > _LEASE / 2:
            return stand
        return self._lane.take(self._asking(now), head=self._log.head(), most=most)

    def _share(self, seen: tuple[Claim, ...], now: datetime) -> Share:
        mine, *before = seen
        rows = self._log.rows(after=mine.after, limit=mine.last - mine.after)
        within = [row for row in rows if row.position <= mine.last]
        tells = bool(before) or self._in_company(now)
        return Share(self._lane, mine.after, mine.last, within, self._owner, tells, seen)

    def _look_around(self, stand: Stand, now: datetime) -> None:
        if any(each.owner != self._owner for each in stand.claims):
            self.overtaken(now)

    def _in_company(self, now: datetime) -> bool:
        return self._company or (self._seen_until is not None and now < self._seen_until)

    def _asking(self, now: datetime) -> Asking:
        return Asking(self._owner, now, _LEASE, self._dead)


def _nobody(_owner: str) -> bool:
    return False
