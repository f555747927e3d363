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
from orchestration.settings import Settings, credential, is_loopback
from reverse_etl.connectors import HubSpotSettings, MetaSettings, connect, http_client
from reverse_etl.connectors import Settings as ConnectorSettings
from reverse_etl.dispatcher import Dispatcher
from reverse_etl.model import DestinationReport, DispatchReport, Problem

MAX_WAIT = timedelta(seconds=5)  # a batch ends when nothing comes due sooner than this
SANDBOX_DATASET = "1000000000000000"

# Which settings a destination needs before anything is sent to it.
NEEDS = {
    "hubspot": "MILLRACE_HUBSPOT_TOKEN",
    "meta": "MILLRACE_META_TOKEN and MILLRACE_META_DATASET",
}


def drain(settings: Settings, destinations: Collection[str]) -> DispatchReport:
    """Deliver to these destinations until nothing comes due within MAX_WAIT."""
    report = asyncio.run(_drain(settings, destinations))
    mine = (problem for problem in report.problems if problem.destination in destinations)
    return DispatchReport(report.by_destination, tuple(map(_with_settings_named, mine)))


async def run(settings: Settings, log: EventLog, stop: asyncio.Event) -> None:
    """Deliver whatever comes due until `stop` is set (`millrace serve`)."""
    async with _dispatcher(settings, log, set(NEEDS)) as dispatcher:
        await dispatcher.run(stop)
        await stop.wait()


def metadata(report: DispatchReport, destination: str) -> dict[str, Any]:
    """What the Dagster UI shows of a drain."""
    counts = report.by_destination.get(destination, DestinationReport())
    return {**asdict(counts), "problems": [asdict(problem) for problem in report.problems]}


def connector_settings(settings: Settings) -> dict[str, ConnectorSettings]:
    """By destination, for those that have credentials; the others keep their rows queued."""
    found: dict[str, ConnectorSettings] = {}
    if token := credential(settings.hubspot_token, settings.hubspot_url):
        found["hubspot"] = HubSpotSettings(
            token=token,
            url=settings.hubspot_url,
            version=settings.hubspot_api_version,
            requests=settings.hubspot_requests_per_10s,
        )
    dataset = settings.meta_dataset or (SANDBOX_DATASET if is_loopback(settings.meta_url) else None)
    if dataset and (token := credential(settings.meta_token, settings.meta_url)):
        found["meta"] = MetaSettings(
            token=token,
            dataset=dataset,
            url=settings.meta_url,
            version=settings.meta_api_version,
            at_most_once=settings.meta_at_most_once,
            test_event_code=settings.meta_test_event_code,
        )
    return found


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
            every: Mapping[str, Any] = connect(connector_settings(settings).values(), client)
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


def _with_settings_named(problem: Problem) -> Problem:
    """A destination without a connector lacks credentials: say which variables."""
    if problem.code != "CONNECTOR_MISSING":
        return problem
    return Problem(
        code="DESTINATION_NOT_CONFIGURED",
        destination=problem.destination,
        message=problem.message,
        remedy=f"Set {NEEDS[problem.destination]}; what is queued is sent by the next run.",
    )
