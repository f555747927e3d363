"""The dispatcher as this installation configures it: connectors, answers to the log, draining."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ingestion.event_log import EventLog
from orchestration import accounts, connections, credentials, decisions, secret_sources
from orchestration.notifications import listening
from orchestration.observability import tracing
from orchestration.settings import Settings
from reverse_etl.connectors import Outside, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.engine import CHANNEL
from reverse_etl.reports import DestinationReport, DispatchReport, Problem

MAX_WAIT = timedelta(seconds=5)  # a batch ends when nothing comes due sooner than this


def drain(settings: Settings, destinations: Collection[str]) -> DispatchReport:
    """Deliver to these destinations until nothing comes due within MAX_WAIT."""
    report = asyncio.run(_drain(settings, destinations))
    mine = (problem for problem in report.problems if problem.destination in destinations)
    problems = tuple(_with_settings_named(settings, problem) for problem in mine)
    now = datetime.now(UTC)
    with closing(connections.ledger(settings)) as ledger:
        if settings.ledger_retention_days is not None:
            before = now - timedelta(days=settings.ledger_retention_days)
            ledger.forget(before=before, now=now)
        old = credentials.problems(settings, ledger, destinations, now=now)
    return DispatchReport(report.by_destination, (*problems, *old))


async def run(
    settings: Settings, log: EventLog, stop: asyncio.Event, enqueued: asyncio.Event
) -> None:
    """Deliver whatever comes due until `stop` is set (`millrace serve`); `enqueued` is set by
    whoever put rows into the ledger in this process, so that they go out at once; where the ledger
    is on PostgreSQL, that tells of other processes."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        loop.call_soon_threadsafe(enqueued.set)

    async with dispatcher(settings, log, settings.destinations) as running:
        waking = asyncio.create_task(_wake(running, enqueued))
        with listening(settings.ledger_url, CHANNEL, told):
            await running.run(stop)
            await stop.wait()
        waking.cancel()


async def _wake(running: Dispatcher, enqueued: asyncio.Event) -> None:
    while True:
        await enqueued.wait()
        enqueued.clear()
        running.wake()


def metadata(report: DispatchReport, destination: str) -> dict[str, Any]:
    """What the Dagster UI shows of a drain."""
    counts = report.by_destination.get(destination, DestinationReport())
    return {**asdict(counts), "problems": [asdict(problem) for problem in report.problems]}


def outside(client: httpx.AsyncClient, ledger: Ledger) -> Outside:
    """What connectors of this process get from it."""
    return Outside(client, secret_sources.reveal, ledger.credentials)


async def _drain(settings: Settings, destinations: Collection[str]) -> DispatchReport:
    with closing(connections.event_log(settings)) as log:
        async with dispatcher(settings, log, destinations) as running:
            return await running.drain(MAX_WAIT)


@asynccontextmanager
async def dispatcher(
    settings: Settings, log: EventLog, destinations: Collection[str]
) -> AsyncIterator[Dispatcher]:
    """A dispatcher for these destinations, with this installation's ledger and accounts."""
    with (
        closing(connections.ledger(settings)) as ledger,
        tracing.tracing(settings, "dispatcher") as emit,
    ):
        async with http_client() as client:
            every: Mapping[str, Any] = connect(
                accounts.configured(settings).values(), outside(client, ledger)
            )
            made = Dispatcher(
                ledger,
                {name: found for name, found in every.items() if name in destinations},
                clock=lambda: datetime.now(UTC),
                rng=random.Random(),  # noqa: S311  jitter, not a secret
                on_answer=lambda answers: _record(log, answers),
                observe=tracing.of_dispatcher(emit),
            )
            with closing(made):
                yield made


def _record(log: EventLog, answers: Any) -> None:
    decisions.append_answers(log, answers, now=datetime.now(UTC))


def _with_settings_named(settings: Settings, problem: Problem) -> Problem:
    """A destination without a connector lacks credentials: say which variables."""
    if problem.code != "CONNECTOR_MISSING" or problem.destination not in settings.destinations:
        return problem
    missing = accounts.needs(settings, problem.destination)
    return Problem(
        code="DESTINATION_NOT_CONFIGURED",
        destination=problem.destination,
        message=problem.message,
        remedy=f"Set {missing}; the next run sends what is queued.",
    )
