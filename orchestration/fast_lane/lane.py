"""One micro-batch of the fast lane: new events → whom they touch → their rows → the ledger.

The models are the analysts' own, as the batch lane compiled them. What is decided goes to the
event log first: its keys make that safe to repeat, so a crash before the ledger's transaction
loses nothing and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, count
from time import perf_counter
from typing import Final

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.event_log.model import LogRow
from ingestion.sources.parts import to_table
from orchestration import activation, decisions, recordable
from orchestration.destinations import Effect
from orchestration.errors import LaneModelError, SliceTooLargeError
from orchestration.fast_lane import queries
from orchestration.fast_lane.engine import Engine
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.groups import Pairs, groups, too_large
from orchestration.fast_lane.noted import note
from orchestration.fast_lane.shape import split
from orchestration.fast_lane.shares import Share
from orchestration.quality import quick
from orchestration.quality.expectations import Contract
from reverse_etl.ledger import Held, LaneNews, LaneTable
from reverse_etl.model import ActivationRow, ConsentRow

_TOO_LARGE: Final = "The people whom new events touch have more than {most:,} events."
# Of so many new events at most it is asked whose are too many, in so many questions: that finds one
# among a hundred people. Each question may look thousands of events up, while leads wait.
_SEARCHED: Final = 100
_QUESTIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Slice:
    """All events of the people whom new events touch; the models that say whom are built.
    `rounds`: how often it grew until nobody was missing; `about`: node and position, `links`: node
    and node, for the identity index."""

    engine: Engine
    events: int
    rounds: int
    about: Pairs
    links: Pairs


@dataclass(frozen=True, slots=True)
class Worked:
    """What a micro-batch did: events taken, the last of their positions, events of the slice, how
    often that grew, kinds of events its engine knows, people, new deliveries, milliseconds by
    step, seconds by model, how many events were deferred, and the positions of events left to the
    batch lane because those whom they are about have too many."""

    events: int
    position: int
    slice_events: int
    rounds: int
    kinds: int
    people: int
    enqueued: int
    milliseconds: Mapping[str, float]
    models: Mapping[str, float] = field(default_factory=dict)
    deferred: int = 0
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Events for the batch lane to build. Whom they are about goes into the index all the same:
    otherwise the next slice of these people would miss them without a word."""

    positions: frozenset[int] = frozenset()
    about: Pairs = ()
    links: Pairs = ()

    def __or__(self, other: Left) -> Left:
        return Left(
            self.positions | other.positions,
            (*self.about, *other.about),
            (*self.links, *other.links),
        )


class _TooManyEventsError(SliceTooLargeError):
    def __init__(self, most: int, left: Left) -> None:
        super().__init__(_TOO_LARGE.format(most=most))
        self.left = left


class Lane:
    """Works off what is handed over."""

    def __init__(
        self,
        log: EventLog,
        contracts: ContractSet,
        engines: Engines,
        effects: Sequence[Effect],
        *,
        contracts_of: Mapping[str, Contract],
        approve_above: Mapping[str, int],
        asks: Mapping[str, timedelta],
        most_events: int,
    ) -> None:
        """`effects`: the activation tables of people; `contracts_of`: what their rows promise, by
        table; `asks`: see activation.asks;
        `most_events`: of a slice."""
        self._log = log
        self._contracts = contracts
        self._engines = engines
        self._effects = effects
        self._contracts_of = contracts_of
        self._approve_above = approve_above
        self._asks = asks
        self._most_events = most_events

    def work(self, share: Share, *, now: datetime, in_haste: bool = False) -> Worked | None:
        """Take these events; None, and nothing happened, where another worker has earlier ones of
        the same people in hand. `in_haste`: what can be deferred is left to the batch lane.

        Events of people who have too many are left out, and told of. Raises SliceTooLargeError
        where all of them together have, LaneModelError, LaneOvertakenError,
        LedgerUnavailableError, LogUnavailableError: then the ledger is as it was.
        """
        deferred = self._deferred(share) if in_haste else Left()
        try:
            return self._work(share, deferred, Left(), now)
        except _TooManyEventsError as error:
            if not error.left.positions:
                raise
            return self._work(share, deferred, error.left, now)

    def leave(self, share: Share, *, now: datetime) -> None:
        """Go on behind an event that no slice takes; where even the models that say whom it is
        about fail, nobody's slice will hold it."""
        [new] = share.rows
        try:
            left = self._left(new)
        except LaneModelError:
            left = Left()
        told = LaneNews(share.after, share.last, events=tuple(left.about), links=tuple(left.links))
        share.apply(told, now=now)

    def _left(self, new: LogRow) -> Left:
        with self._linked([new]) as engine:
            return Left(frozenset({new.position}), _pairs(engine, "about"), _pairs(engine, "links"))

    def _deferred(self, share: Share) -> Left:
        """Of new events those that nobody has to hear of at once."""
        _, told = note(share.rows)
        if not told:
            return Left()
        with self._linked(told) as engine:
            positions = frozenset(row["position"] for row in engine.read("deferrable"))
            about, links = (_pairs(engine, name) for name in ("about", "links"))
        theirs = tuple(pair for pair in about if pair[1] in positions)
        nodes = {node for node, _ in theirs}
        return Left(positions, theirs, tuple(pair for pair in links if pair[0] in nodes))

    @contextmanager
    def _linked(self, rows: Sequence[LogRow]) -> Iterator[Engine]:
        """These events alone, with the models that say whom they are about."""
        events = split(to_table(rows, self._contracts))
        engine = self._engines.get(frozenset(events))
        with engine.slice(events):
            engine.run(engine.links)
            yield engine

    def _work(self, share: Share, deferred: Left, left: Left, now: datetime) -> Worked | None:
        laps = _Laps()
        beside = deferred | left
        noted, told = note([row for row in share.rows if row.position not in beside.positions])
        news = LaneNews(
            share.after, share.last, events=(*noted, *beside.about), links=tuple(beside.links)
        )
        shown = {"slice_events": 0, "rounds": 0, "kinds": 0}
        models: Mapping[str, float] = {}
        if told:
            with self._slice(share, told, {node for node, _ in news.events}) as slice_:
                if slice_ is None:
                    return None
                laps.end("people")
                slice_.engine.run(slice_.engine.rest)
                laps.end("models")
                models = dict(slice_.engine.seconds)
                decisions.append_decisions(self._log, _undecided(slice_.engine), now=now)
                laps.end("decisions")
                news = self._news(slice_, news)
                laps.end("reading")
                shown = {
                    "slice_events": slice_.events,
                    "rounds": slice_.rounds,
                    "kinds": len(slice_.engine.shape),
                }
        reports = share.apply(news, now=now)
        laps.end("ledger")
        return Worked(
            events=len(share.rows),
            position=news.position,
            **shown,
            people=len(news.people),
            enqueued=sum(report.inserted for report in reports.values()),
            milliseconds=laps.milliseconds,
            models=models,
            deferred=len(deferred.positions),
            left=tuple(sorted(left.positions)),
        )

    @contextmanager
    def _slice(
        self, share: Share, new: Sequence[LogRow], beside: Collection[int]
    ) -> Iterator[Slice | None]:
        """The new events and all others of whom they touch: with these more people may turn out to
        be touched, so it grows until nobody is missing. None where it has to wait. `beside`: nodes
        of events of the share that build nothing."""
        rows = {row.position: row for row in new}
        for rounds in count(1):
            events = split(to_table([rows[at] for at in sorted(rows)], self._contracts))
            engine = self._engines.get(frozenset(events))
            with engine.slice(events):
                engine.run(engine.links)
                about, links = (_pairs(engine, name) for name in ("about", "links"))
                held = self._held(share, about, links, beside, rows.keys())
                missing = set(held.reached.positions) - rows.keys()
                if not missing:
                    yield Slice(engine, len(rows), rounds, about, links) if held.passed else None
                    return
            rows |= {row.position: row for row in self._log.rows_at(missing)}

    def _held(
        self,
        share: Share,
        about: Pairs,
        links: Pairs,
        beside: Collection[int],
        known: Collection[int],
    ) -> Held:
        nodes = {node for node, _ in about} | set(chain.from_iterable(links))
        held = share.reach(nodes, noted=beside, known=known, most=self._most_events)
        if held.reached.overflow:
            raise _TooManyEventsError(self._most_events, self._too_large(share, about, links))
        return held

    def _too_large(self, share: Share, about: Pairs, links: Pairs) -> Left:
        """Those of the new events that are about people who have too many by themselves. Raises
        SliceTooLargeError where they cannot be told from many people who do together."""

        questions = count()

        def overflows(nodes: Collection[int]) -> bool:
            if len(share.rows) > _SEARCHED or next(questions) >= _QUESTIONS:
                raise SliceTooLargeError(_TOO_LARGE.format(most=self._most_events))
            return share.lane.reach(nodes, most=self._most_events).overflow

        found = list(too_large(groups(about, links), overflows))
        new = frozenset(row.position for row in share.rows)
        positions = frozenset().union(*(group.positions for group in found)) & new
        nodes = set().union(*(group.nodes for group in found))
        return Left(
            positions,
            tuple(pair for pair in about if pair[1] in positions),
            tuple(pair for pair in links if pair[0] in nodes),
        )

    def _news(self, slice_: Slice, news: LaneNews) -> LaneNews:
        engine = slice_.engine
        return replace(
            news,
            people=frozenset(row["person_id"] for row in engine.read("people")),
            tables=tuple(self._table(engine, effect) for effect in self._effects),
            consents=tuple(ConsentRow(**row) for row in engine.read("consents")),
            events=(*news.events, *slice_.about),
            links=(*news.links, *slice_.links),
        )

    def _table(self, engine: Engine, effect: Effect) -> LaneTable:
        rows = tuple(ActivationRow(**row) for row in engine.read(effect.table))
        broken: dict[str, tuple[str, ...]] = {}
        if rows:
            checked = engine.read(queries.checked(effect.table))
            broken = quick.broken_rules(self._contracts_of[effect.table], checked)
            rows = recordable.rows(rows, broken)
        admission = activation.admission(effect, broken, self._approve_above, self._asks)
        return LaneTable(effect.destination, effect.action, rows, admission)


class _Laps:
    """How long each step took."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._since = perf_counter()

    def end(self, step: str) -> None:
        now = perf_counter()
        self.milliseconds[step] = round((now - self._since) * 1000, 2)
        self._since = now


def _undecided(engine: Engine) -> decisions.Undecided:
    return decisions.Undecided(
        *(engine.read(name) for name in ("mqls", "assignments", "candidates"))
    )


def _pairs(engine: Engine, query: str) -> Pairs:
    return tuple((first, second) for first, second in map(dict.values, engine.read(query)))
