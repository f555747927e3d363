"""The dispatcher as this installation configures it: connectors, answers to the log, draining."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.event_log import EventLog
from orchestration import connections, decisions
from orchestration.settings import Settings
from reverse_etl.connectors import ConnectorSettings, connect, http_client
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.model import DestinationReport, DispatchReport, Problem

MAX_WAIT = timedelta(seconds=5)  # a batch ends when nothing comes due sooner than this


def drain(settings: Settings, destinations: Collection[str]) -> DispatchReport:
    """Deliver to these destinations until nothing comes due within MAX_WAIT."""
    report = asyncio.run(_drain(settings, destinations))
    mine = (problem for problem in report.problems if problem.destination in destinations)
    problems = tuple(_with_settings_named(settings, problem) for problem in mine)
    return DispatchReport(report.by_destination, problems)


async def run(settings: Settings, log: EventLog, stop: asyncio.Event) -> None:
    """Deliver whatever comes due until `stop` is set (`millrace serve`)."""
    async with _dispatcher(settings, log, settings.destinations) as dispatcher:
        await dispatcher.run(stop)
        await stop.wait()


def metadata(report: DispatchReport, destination: str) -> dict[str, Any]:
    """What the Dagster UI shows of a drain."""
    counts = report.by_destination.get(destination, DestinationReport())
    return {**asdict(counts), "problems": [asdict(problem) for problem in report.problems]}


def configured(settings: Settings) -> dict[str, ConnectorSettings]:
    """Destinations that are on and have credentials; rows of the others stay queued."""
    every = {name: account(settings, name) for name in settings.destinations}
    return {name: each for name, each in every.items() if not each.missing}


def account(settings: Settings, name: str) -> ConnectorSettings:
    """What the settings say of one destination."""
    found: ConnectorSettings = getattr(settings, name)
    return found


def needs(settings: Settings, name: str) -> str:
    """The variables that have to be set before anything can be sent there."""
    fields = account(settings, name).missing
    return " and ".join(f"MILLRACE_{name}_{field}".upper() for field in fields)


async def _drain(settings: Settings, destinations: Collection[str]) -> DispatchReport:
    with closing(connections.event_log(settings)) as log:
        async with _dispatcher(settings, log, destinations) as dispatcher:
            return await dispatcher.drain(MAX_WAIT)


@asynccontextmanager
async def _dispatcher(
    settings: Settings, log: EventLog, destinations: Collection[str]
) -> AsyncIterator[Dispatcher]:
    with closing(connections.ledger(settings)) as ledger:
        async with http_client() as client:
            every: Mapping[str, Any] = connect(configured(settings).values(), client)
            dispatcher = Dispatcher(
                ledger,
                {name: found for name, found in every.items() if name in destinations},
                clock=lambda: datetime.now(UTC),
                rng=random.Random(),  # noqa: S311  jitter, not a secret
                on_answer=lambda answers: _record(log, answers),
            )
            with closing(dispatcher):
                yield dispatcher


def _record(log: EventLog, answers: Any) -> None:
    decisions.append_answers(log, answers, now=datetime.now(UTC))


def _with_settings_named(settings: Settings, problem: Problem) -> Problem:
    """A destination without a connector lacks credentials: say which variables."""
    if problem.code != "CONNECTOR_MISSING" or problem.destination not in settings.destinations:
        return problem
    return Problem(
        code="DESTINATION_NOT_CONFIGURED",
        destination=problem.destination,
        message=problem.message,
        remedy=f"Set {needs(settings, problem.destination)}; the next run sends what is queued.",
    )
