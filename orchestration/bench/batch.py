"""`millrace bench batch`: incremental batches from log to vendors, and the way through a sensor."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any, Final

from ingestion.event_log import EventLog, NewEvent
from orchestration import connections, warehouse
from orchestration.bench import latency_traffic as traffic
from orchestration.bench.gateway import running_ui
from orchestration.bench.home import Home, Made
from orchestration.bench.machine import describe_machine, versions
from orchestration.bench.vendors import running_vendors
from orchestration.errors import BenchError

Progress = Callable[[str], None]

LIMITS: Final[Mapping[str, float]] = {"batch_seconds": 45, "sensor_seconds": 60}
DESTINATIONS: Final = ("hubspot",)
EVENT_SECONDS: Final = 6  # between two made events
_LIBRARIES = ("dagster", "dbt-core", "great-expectations")
_SETTLING = 4  # batches at most until the decisions of one are in the next
_PUBLISHED_SECONDS = 300.0
_POLL = 0.1

METHOD = (
    "One installation (SQLite log and ledger) with {history:,} imported events of {people:,} people"
    " (the mix of `bench rebuild`), built, published and delivered by `millrace run` until nothing"
    " is left to load. `batch`: {rounds} times {new:,} more events, in sessions of people of the"
    " history, as webhooks of the last hours, then `millrace run`: load, build of the people"
    " touched, contracts, published copy, decisions, delivery to a simulated HubSpot in another"
    " process. `seconds` is the wall time of the command, start of Python included; `overhead` what"
    " of it went by before the run (`loading_seconds`), and between and around the steps"
    " (`dagster_seconds`). `sensor`: the web server and the daemon run (`millrace ui`) with all"
    " sensors on; {arrivals} times a form is appended to the log, and `seconds` is the time until"
    " the published warehouse holds it. Medians; everything shares the machine."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure; `arrivals` 0: no sensor."""

    people: int = 50_000
    history: int = 1_000_000
    new: int = 10_000
    rounds: int = 3
    arrivals: int = 3


def measure_batch(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Everything the method tells of. Raises BenchError."""
    with (
        tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder,
        running_vendors(limit=None) as url,
    ):
        home = Home(Path(folder), url, DESTINATIONS)
        with closing(connections.event_log(home.settings)) as log:
            told = _Bench(plan, home, log, progress).measure()
        return {
            **told,
            "machine": describe_machine(),
            "versions": versions(
                home.settings.log_url, "dagster", "dbt-core", "great-expectations"
            ),
            "method": METHOD.format(
                history=plan.history,
                people=plan.people,
                new=plan.new,
                rounds=plan.rounds,
                arrivals=plan.arrivals,
            ),
        }


@dataclass(slots=True)
class _Bench:
    """One home with its log and vendors."""

    plan: Plan
    home: Home
    log: EventLog
    progress: Progress

    def measure(self) -> dict[str, Any]:
        plan = self.plan
        events = plan.history + plan.rounds * plan.new
        start = datetime.now(UTC) - timedelta(seconds=events * EVENT_SECONDS)
        self.progress(f"Logging {plan.history:,} events of {plan.people:,} people")
        Made(0, plan.history, plan.people, start, historical=True).append_to(self.log)
        self._settle()
        edges = [plan.history + number * plan.new for number in range(plan.rounds + 1)]
        rounds = []
        for first, last in pairwise(edges):
            Made(first, last, plan.people, start).append_to(self.log)
            self.progress(f"Batch of {plan.new:,} events (millrace run)")
            rounds.append(self._round())
        return {"batch": of_rounds(rounds), "sensor": self._sensor()}

    def _settle(self) -> None:
        """What a batch decides is an event of the next one."""
        for _ in range(_SETTLING):
            self.progress("Building the warehouse and delivering the history (millrace run)")
            if not self.home.batch()["loaded"]:
                return
        raise BenchError(f"Batch {_SETTLING} over the history still found new events.")

    def _round(self) -> dict[str, Any]:
        started = perf_counter()
        told = self.home.batch()
        seconds = perf_counter() - started
        build = told["build"]
        return {
            "seconds": round(seconds, 2),
            "loaded": told["loaded"],
            "build": build["kind"],
            "touched_people": build.get("touched_people"),
            "overhead": told["overhead"],
            "steps": told["steps"],
            "requests": sum(each["requests"] for each in told["delivered"].values()),
        }

    def _sensor(self) -> dict[str, Any] | None:
        if not self.plan.arrivals:
            return None
        self.progress("Starting Dagster's web server and daemon (millrace ui)")
        with running_ui(self.home.folder, self.home.environment):
            leads = traffic.leads(self.plan.arrivals, datetime.now(UTC))
            taken = [self._arrival(lead) for lead in leads]
        return {
            "seconds": round(statistics.median(taken), 2),
            "each": [round(seconds, 2) for seconds in taken],
            "limit_seconds": LIMITS["sensor_seconds"],
        }

    def _arrival(self, lead: traffic.Lead) -> float:
        """From the append to the log to the published copy, in seconds."""
        self.progress("A form arrives")
        event = NewEvent(
            "typeform", lead.key, "webhook", datetime.now(UTC), lead.webhook.body, {}, lead.key
        )
        started = perf_counter()
        self.log.append([event])
        self._wait_until_published(self.log.head())
        return perf_counter() - started

    def _wait_until_published(self, position: int) -> None:
        until = monotonic() + _PUBLISHED_SECONDS
        while monotonic() < until:
            copy = warehouse.publication(self.home.settings.published)
            if copy is not None and copy.log_position >= position:
                return
            sleep(_POLL)
        raise BenchError(
            f"The published copy did not come to position {position:,} in"
            f" {_PUBLISHED_SECONDS:.0f} s."
        )


def of_rounds(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median round, all of them, and the limit."""
    seconds = statistics.median(each["seconds"] for each in rounds)
    return {
        "seconds": seconds,
        "limit_seconds": LIMITS["batch_seconds"],
        "of_limit": round(seconds / LIMITS["batch_seconds"], 3),
        "rounds": list(rounds),
    }
