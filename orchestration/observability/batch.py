"""Spans of the batch lane: the steps of Dagster runs, and their place in the traces of leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import dagster as dg

from orchestration import connections, destinations
from orchestration.destinations import Effect
from orchestration.observability.spans import Span, SpanKey, receipt
from orchestration.observability.tracing import Tracer, open_tracer
from orchestration.settings import Settings, load_settings

LOAD: Final = "batch.load"
ENQUEUE: Final = "ledger.enqueue"
_BUILT: Final = {"event_log": LOAD, "dbt": "models", "log__mql_decisions": "decide"}
_PUBLISHED: Final = dg.AssetKey(["warehouse", "published"])
_MOST: Final = 500  # leads that one step tells of; of a load of the past the rest would be noise


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a run that has ended well."""

    run_id: str
    key: str
    start: datetime
    end: datetime

    @property
    def span_key(self) -> SpanKey:
        """Its span in the run's own trace."""
        return SpanKey(f"run:{self.run_id}", _BUILT.get(self.key, self.key))


def tracing_hooks() -> tuple[dg.HookDefinition, ...]:
    """What jobs need to be traced; nothing where no collector is named."""
    return (trace_step,) if load_settings().otlp_endpoint else ()


@dg.success_hook
def trace_step(context: dg.HookContext) -> None:
    """Tell of a step, and of the leads whose rows it put into the ledger."""
    settings, instance = load_settings(), context.instance
    mine = steps(instance, context.run_id).get(context.step_key)
    if mine is None:
        return
    told = _tracer(settings.otlp_endpoint)
    told.emit([Span(mine.span_key, mine.start, mine.end)])
    for effect in destinations.effects(settings.destinations):
        if mine.key == f"ledger__{effect.name}":
            told.emit(of_leads(_recorded(settings, effect, mine), mine, _before(instance, mine)))


@cache
def _tracer(endpoint: str) -> Tracer:
    """One for all steps of a process: to wait for the collector after each would hold up the run.
    The SDK sends what is left when the process ends."""
    return open_tracer(endpoint, "batch")


def of_leads(leads: Iterable[str], enqueued: Step, before: Iterable[Step]) -> Iterator[Span]:
    """What became of these leads (correlation ids) in the batch lane: loaded, built, decided and
    recorded. One that several tables tell of has been loaded only once."""
    for lead in leads:
        for step in before:
            key = SpanKey(lead, _BUILT[step.key], step.run_id)
            if _told.first(step.run_id, key):
                yield Span(key, step.start, step.end, receipt(lead), step.span_key)
        key = SpanKey(lead, ENQUEUE, f"{enqueued.run_id}:{enqueued.key}")
        yield Span(key, enqueued.start, enqueued.end, receipt(lead), enqueued.span_key)


def steps(instance: dg.DagsterInstance, run_id: str) -> Mapping[str, Step]:
    """The steps of a run that have ended, by their keys."""
    return {
        each.step_key: Step(run_id, each.step_key, _time(each.start_time), _time(each.end_time))
        for each in instance.get_run_step_stats(run_id)
        if each.start_time is not None and each.end_time is not None
    }


def _before(instance: dg.DagsterInstance, enqueued: Step) -> list[Step]:
    """What this run did before, and the run that published what it reads."""
    published = instance.get_latest_materialization_event(_PUBLISHED)
    runs = {enqueued.run_id, *([published.run_id] if published else [])}
    found = [step for run in runs for step in steps(instance, run).values()]
    return sorted((step for step in found if step.key in _BUILT), key=lambda step: step.start)


def _recorded(settings: Settings, effect: Effect, step: Step) -> list[str]:
    with closing(connections.ledger(settings)) as ledger:
        ways = ledger.ways.recorded(effect.destination, effect.action, since=step.start)
    return list(dict.fromkeys(way.correlation_id for way in ways))[:_MOST]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class _Told:
    """Which spans this process has told of, of the last run that it heard of."""

    def __init__(self) -> None:
        self._run = ""
        self._keys: set[SpanKey] = set()

    def first(self, run: str, key: SpanKey) -> bool:
        """Whether nobody told of it before."""
        if run != self._run:
            self._run, self._keys = run, set()
        new = key not in self._keys
        self._keys.add(key)
        return new


_told: Final = _Told()
