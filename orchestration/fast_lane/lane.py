"""One micro-batch of the fast lane: new events → whom they touch → their rows → the ledger.

The models are the analysts' own, as the batch lane compiled them. What is decided goes to the
event log first: its keys make that safe to repeat, so a crash before the ledger's transaction
loses nothing and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, count
from time import perf_counter

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.event_log.model import LogRow
from ingestion.sources.parts import to_table
from orchestration import activation, decisions
from orchestration.destinations import Effect
from orchestration.errors import SliceTooLargeError
from orchestration.fast_lane import queries
from orchestration.fast_lane.engine import Engine
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.noted import note
from orchestration.fast_lane.shape import split
from orchestration.fast_lane.shares import Share
from orchestration.quality import quick
from orchestration.quality.activation_contracts import BY_TABLE
from reverse_etl.ledger import Held, LaneNews, LaneTable
from reverse_etl.model import ActivationRow, ConsentRow

Pairs = tuple[tuple[int, int], ...]


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
    often that grew, kinds of events its engine knows, people, new deliveries, and milliseconds by
    step."""

    events: int
    position: int
    slice_events: int
    rounds: int
    kinds: int
    people: int
    enqueued: int
    milliseconds: Mapping[str, float]


class Lane:
    """Works off what is handed over."""

    def __init__(
        self,
        log: EventLog,
        contracts: ContractSet,
        engines: Engines,
        effects: Sequence[Effect],
        *,
        approve_above: Mapping[str, int],
        most_events: int,
    ) -> None:
        """`effects`: the activation tables of people; `most_events`: of a slice."""
        self._log = log
        self._contracts = contracts
        self._engines = engines
        self._effects = effects
        self._approve_above = approve_above
        self._most_events = most_events

    def work(self, share: Share, *, now: datetime) -> Worked | None:
        """Take these events; None, and nothing happened, where another worker has earlier ones of
        the same people in hand.

        Raises SliceTooLargeError, LaneModelError, LaneOvertakenError, LedgerUnavailableError,
        LogUnavailableError: then the ledger is as it was.
        """
        laps = _Laps()
        noted, told = note(share.rows)
        news = LaneNews(share.after, share.last, events=tuple(noted))
        shown = {"slice_events": 0, "rounds": 0, "kinds": 0}
        if told:
            with self._slice(share, told, [node for node, _ in noted]) as slice_:
                if slice_ is None:
                    return None
                laps.end("people")
                slice_.engine.run(slice_.engine.rest)
                laps.end("models")
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
        )

    @contextmanager
    def _slice(
        self, share: Share, new: Sequence[LogRow], noted: Collection[int]
    ) -> Iterator[Slice | None]:
        """The new events and all others of whom they touch: with these more people may turn out to
        be touched, so it grows until nobody is missing. None where it has to wait."""
        rows = {row.position: row for row in new}
        for rounds in count(1):
            events = split(to_table([rows[at] for at in sorted(rows)], self._contracts))
            engine = self._engines.get(frozenset(events))
            with engine.slice(events):
                engine.run(engine.links)
                about, links = (_pairs(engine, name) for name in ("about", "links"))
                held = self._held(share, about, links, noted, rows.keys())
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
        noted: Collection[int],
        known: Collection[int],
    ) -> Held:
        nodes = {node for node, _ in about} | set(chain.from_iterable(links))
        held = share.reach(nodes, noted=noted, known=known, most=self._most_events)
        if held.reached.overflow:
            raise SliceTooLargeError(
                f"The people whom new events touch have more than {self._most_events:,} events."
            )
        return held

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
        broken = frozenset[str]()
        if rows:
            checked = engine.read(queries.checked(effect.table))
            broken = quick.failing_keys(BY_TABLE[effect.table], checked)
        held = dict.fromkeys(broken, activation.CONTRACT_VIOLATION)
        admission = activation.admission(effect, held, self._approve_above)
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
