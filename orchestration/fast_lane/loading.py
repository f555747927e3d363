"""What the batch lane published last, made ready for the fast lane."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog
from ingestion.sources.parts import to_table
from orchestration import activation, destinations, warehouse
from orchestration.destinations import Effect
from orchestration.fast_lane import ceiling, queries
from orchestration.fast_lane.engine import Workshop
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.lane import Lane
from orchestration.fast_lane.likely import likely_kinds, usual_kinds
from orchestration.fast_lane.nodes import ABOUT, LINKS
from orchestration.fast_lane.plan import Plan, Scope, read_plan
from orchestration.fast_lane.shape import Shape, split
from orchestration.quality import contracts
from orchestration.quality.contracts import Contracts
from orchestration.quality.expectations import Contract
from orchestration.settings import Settings, webhook_secrets
from reverse_etl.ledger import Ledger

_PAGE = 50_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A lane over one publication; `published_at` and `position` are that one's."""

    lane: Lane
    engines: Engines
    workshop: Workshop
    published_at: datetime
    position: int

    def close(self) -> None:
        self.engines.close()
        self.workshop.close()


def load(settings: Settings, log: EventLog, warm: Sequence[Shape] = ()) -> Loaded | None:
    """The lane over what was published last, with engines for the shapes in `warm`; None before
    the first batch.

    Raises PlanError when its models cannot be built for some people only, WarehouseError,
    LaneMemoryError.
    """
    publication = warehouse.publication(settings.published)
    if publication is None or not settings.published_manifest.exists():
        return None
    plan = read_plan(json.loads(settings.published_manifest.read_bytes()), "published")
    effects = person_effects(plan, settings)
    promised = promises(contracts.read(settings.published_manifest), effects)
    workshop = Workshop(
        plan,
        settings.published,
        targets=queries.targets(effects),
        links=queries.LINKING,
        queries=queries.of(effects) | queries.checks(promised),
        config=ceiling.for_duckdb(settings.lane_memory_mb),
    )
    kinds, usual = workshop.kinds(), usual_kinds()
    likely = likely_kinds(kinds, webhook_secrets())
    engines = Engines(workshop, wide=frozenset((*kinds, *likely)), usual=usual)
    for shape in warm or [usual | {kind} for kind in likely]:
        engines.make(shape)
    loaded = ContractSet.load()
    _rehearse(log, loaded, engines)
    lane = Lane(
        log,
        loaded,
        engines,
        effects,
        contracts_of=promised,
        approve_above=settings.approve_above,
        asks=activation.asks(settings),
        most_events=settings.lane_most_events,
    )
    return Loaded(lane, engines, workshop, publication.published_at, publication.log_position)


def _rehearse(log: EventLog, contracts: ContractSet, engines: Engines) -> None:
    """Build the newest event by itself, for nobody: what is done for the first time takes a second
    longer, which no lead should wait for."""
    events = split(to_table(log.rows_at([log.head()]), contracts))
    engine = engines.get(frozenset(events))
    with engine.slice(events):
        engine.run((*engine.links, *engine.rest))


def person_effects(plan: Plan, settings: Settings) -> list[Effect]:
    """Activation tables of people; those of accounts are the batch lane's."""
    scopes = {model.name: model.scope for model in plan.models}
    wanted = destinations.effects(settings.destinations)
    return [effect for effect in wanted if scopes.get(effect.table) is Scope.PERSON]


def promises(found: Contracts, effects: Sequence[Effect]) -> dict[str, Contract]:
    """Table → what its rows promise by themselves. That what they point to is there is the batch
    lane's to say, whose models are the same."""
    return {effect.table: found.activation[effect.table].of_rows for effect in effects}


def learn(loaded: Loaded, ledger: Ledger) -> None:
    """Take over whom the published events are about, where the lane has seen none of them."""
    with closing(loaded.workshop.held.connection) as connection:
        connection.execute("use held")
        for page in _pages(connection, ABOUT):
            ledger.lane.learn(page, ())
        for page in _pages(connection, LINKS):
            ledger.lane.learn((), page)
    ledger.lane.begin(loaded.position)


def _pages(connection: DuckDBPyConnection, query: str) -> Iterator[Sequence[tuple[int, int]]]:
    rows = connection.execute(query)
    return iter(lambda: rows.fetchmany(_PAGE), [])
