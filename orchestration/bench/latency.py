"""`millrace bench latency`: from the gateway's receipt of a lead to the CRM's acceptance of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from time import perf_counter, time
from typing import Any, Final, Literal

from ingestion.event_log import EventLog
from ingestion.event_log.dedup import Key
from orchestration import connections
from orchestration.bench import latency_arrivals as arrivals
from orchestration.bench import latency_traffic as traffic
from orchestration.bench.gateway import SERVICE_LOG, Service, running_service
from orchestration.bench.home import (
    Home,
    Made,
    lane_position,
    speed,
    wait_for_lane,
    wait_until_done,
)
from orchestration.bench.latency_lane import slowest_models
from orchestration.bench.machine import describe_machine, peak_memory_mb, versions
from orchestration.bench.vendors import running_vendors, slow_down, vendor_state
from orchestration.errors import BenchError

Progress = Callable[[str], None]
Vendors = Literal["instant", "published"]

LIMITS: Final[Mapping[str, float]] = {"p50_ms": 80, "p95_ms": 150, "p99_ms": 300}
PUBLISHED_MS: Final = {"apollo": 800, "hubspot": 400, "slack": 200}
ROLES: Final = "gateway,fast-lane,dispatcher"
DESTINATIONS: Final[Mapping[Vendors, Sequence[str]]] = {
    "instant": ("hubspot",),
    "published": ("hubspot", "apollo", "slack"),
}
_START_SECONDS = 600.0  # the lane reads its indexes; the history may be large
_DONE_SECONDS = 120.0
_BATCH = 5_000

METHOD = (
    "One service (`millrace serve --roles {roles}`, SQLite log and ledger) on loopback, after"
    " {history:,} imported events of {people:,} people (the mix of `bench rebuild`), built,"
    " published and delivered by `millrace run`. Then {leads:,} different people fill in a form"
    " that qualifies them, {rate:g} a second by a fixed schedule that waits for no answer, as"
    " signed Typeform webhooks; {who}. No lead is left out as a warm-up. Percentiles are of the"
    " time from the gateway's receipt (received_at in the log) to the moment at which the simulated"
    " HubSpot, in another process of this machine and without a limit of requests, has answered the"
    " first request that wrote the contact; `notified`: {notified}. Leads that had not arrived"
    " {done:.0f} s after the last was sent are in no percentile: `accepted` is then less than"
    " `leads`. `of_limits`: the figure by its limit. `lane`: which model took longest in a"
    " batch of the fast lane. Client, vendors and service share the machine."
)
_INSTANT = "one of ten is of a person of the history", "its call task"
_PUBLISHED = (
    "all are new, and leave out what the enrichment then tells, without which they do not qualify;"
    " vendors answer as slowly as the published pipeline's ({waits})",
    "the alert in Slack, the end of the whole way: enriched, scored, routed, told",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `sustained`: page views and clicks a second, beside the leads; `backlog`:
    events that are in the log before the service starts; `full_build`: one runs beside it."""

    people: int = 50_000
    history: int = 1_000_000
    leads_per_second: float = 10.0
    seconds: float = 60.0
    vendors: Vendors = "instant"
    full_build: bool = False
    sustained: float = 0.0
    backlog: int = 0


def measure_latency(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Everything the method tells of. Raises BenchError."""
    with (
        tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder,
        running_vendors(limit=None) as url,
    ):
        home = Home(Path(folder), url, DESTINATIONS[plan.vendors])
        with closing(connections.event_log(home.settings)) as log:
            told = _Bench(plan, home, log, progress).measure()
        return {
            **told,
            "vendors": plan.vendors,
            "machine": describe_machine(),
            "versions": versions(home.settings.log_url),
            "method": _method(plan),
        }


@dataclass(slots=True)
class _Bench:
    """One home with its log and vendors."""

    plan: Plan
    home: Home
    log: EventLog
    progress: Progress
    lags: list[tuple[float, int]] = field(default_factory=list)

    def measure(self) -> dict[str, Any]:
        self._prepare()
        if self.plan.vendors == "published":
            slow_down(self.home.url, PUBLISHED_MS)
        before = self.log.head()
        self._append_backlog()
        self.progress("Starting the service")
        started = perf_counter()
        with running_service(
            self.home.folder, ROLES, self.home.environment, start_seconds=_START_SECONDS
        ) as service:
            ready = perf_counter() - started
            told = self._catch_up(before, started)
            told |= self._send(service)
            memory = peak_memory_mb(service.pid)
        return {**told, "service_memory_mb": memory, "service_ready_seconds": round(ready, 2)}

    def _prepare(self) -> None:
        plan = self.plan
        self.progress(f"Logging {plan.history:,} events of {plan.people:,} people")
        # What imports do set off, their contacts in the CRM, the batch delivers before the
        # measurement, because a person of the history has to be known there.
        Made(0, plan.history, plan.people, historical=True).append_to(self.log)
        self.progress("Building the warehouse and delivering the history (millrace run)")
        self.home.batch()
        if waiting := self.home.undelivered():
            raise BenchError(f"{waiting:,} deliveries of the history are still under way.")

    def _append_backlog(self) -> None:
        if self.plan.backlog:
            self.progress(f"Logging {self.plan.backlog:,} events that the lane has not seen")
            made = list(
                traffic.logged_visits(self.plan.backlog, datetime.now(UTC), self.plan.people)
            )
            for start in range(0, len(made), _BATCH):
                self.log.append(made[start : start + _BATCH])

    def _catch_up(self, before: int, started: float) -> dict[str, Any]:
        """The lane has seen all there is before the first lead comes."""
        self.progress("Waiting until the lane has caught up")
        seen = wait_for_lane(self.home.settings, self.log.head(), seconds=_START_SECONDS)
        if not self.plan.backlog:
            return {}
        return {
            "backlog": {
                "events": self.plan.backlog,
                "seconds_since_start": round(seen[-1].at - started, 2),
                "events_per_second": round(self.plan.backlog / (seen[-1].at - started)),
                "events_per_second_at_work": round(speed(seen, before)),
            }
        }

    def _send(self, service: Service) -> dict[str, Any]:
        plan, now = self.plan, datetime.now(UTC)
        due = traffic.due_times(plan.leads_per_second, plan.seconds)
        leads = self._leads(len(due), now)
        requests = [
            *(traffic.Timed(at, lead.webhook) for at, lead in zip(due, leads, strict=True)),
            *traffic.visits(plan.sustained, plan.seconds, now, plan.people),
        ]
        self.progress(f"Sending {len(leads):,} leads in {plan.seconds:g} s")
        said = (self.home.folder / SERVICE_LOG).stat().st_size
        with self._full_build() as build:
            began = time()
            sent = asyncio.run(self._sending(f"http://127.0.0.1:{service.port}", requests))
            ended = time()
            covered = build is None or build.poll() is None
        beside = {} if build is None else _beside(began, ended, time(), covered=covered)
        self.progress("Waiting for what is under way")
        wait_until_done(self.home, self.log, with_lane=True, seconds=_DONE_SECONDS)
        return self._told(leads, sent) | beside | {"lane": self._lane(since=said)}

    def _lane(self, *, since: int) -> dict[str, Any]:
        """What the lane said behind that place of the service's log."""
        said = (self.home.folder / SERVICE_LOG).read_bytes()[since:]
        return slowest_models(said.splitlines())

    def _leads(self, number: int, now: datetime) -> list[traffic.Lead]:
        if self.plan.vendors == "published":
            return traffic.leads(number, now, enriched=True)
        known = self.home.not_yet_qualified(-(-number // traffic.KNOWN_SHARE))
        return traffic.leads(number, now, known=known)

    @contextmanager
    def _full_build(self) -> Iterator[Popen[bytes] | None]:
        if not self.plan.full_build:
            yield None
            return
        with self.home.batch_beside("--full") as process:
            yield process

    async def _sending(self, url: str, requests: Sequence[traffic.Timed]) -> traffic.Sent:
        watching = asyncio.create_task(self._watch())
        try:
            return await traffic.send(url, requests, perf_counter)
        finally:
            self._look(perf_counter())
            watching.cancel()

    async def _watch(self) -> None:
        """Once a second, how far the lane is behind the log."""
        while True:
            self._look(perf_counter())
            await asyncio.sleep(1)

    def _look(self, now: float) -> None:
        self.lags.append((now, self.log.head() - (lane_position(self.home.settings) or 0)))

    def _told(self, leads: Sequence[traffic.Lead], sent: traffic.Sent) -> dict[str, Any]:
        received = self._received(leads)
        hubspot = vendor_state(self.home.url)
        accepted = arrivals.figures(received, arrivals.contacts_accepted(hubspot, received))
        notified = arrivals.figures(received, self._notified(leads, received, hubspot))
        told = {
            **{name: accepted[name] for name in (*LIMITS, "max_ms")},
            "leads": len(leads),
            "accepted": accepted["count"],
            "limits": dict(LIMITS),
            "of_limits": {name: round(accepted[name] / LIMITS[name], 3) for name in LIMITS},
            "notified": notified,
            "errors": {status: n for status, n in sent.statuses.items() if status != "200"},
            "latest_request_ms": round(sent.latest * 1000, 1),
        }
        if self.plan.vendors == "published":
            told |= {"lead_in_crm": accepted, "enriched_scored_routed_notified": notified}
        if self.plan.sustained:
            told["sustained"] = {
                "events_per_second": self.plan.sustained,
                "lag_at_end": self.lags[-1][1],
                "lag_at_most": max(lag for _, lag in self.lags),
                "lag_growth_per_second": round(arrivals.growth(self.lags), 2),
            }
        return told

    def _received(self, leads: Sequence[traffic.Lead]) -> dict[str, float]:
        """E-mail → when the gateway received the lead, in seconds since 1970."""
        places = self.log.positions(Key("typeform", lead.key) for lead in leads)
        times = {event.position: event.received_at for event in self.log.at(places.values())}
        positions = {key.event_key: position for key, position in places.items()}
        return {
            lead.email: times[positions[lead.key]].timestamp()
            for lead in leads
            if lead.key in positions
        }

    def _notified(
        self,
        leads: Sequence[traffic.Lead],
        received: Mapping[str, float],
        hubspot: Mapping[str, Any],
    ) -> dict[str, float]:
        if self.plan.vendors == "instant":
            return arrivals.tasks_accepted(hubspot, received)
        emails = {lead.name: lead.email for lead in leads}
        return arrivals.alerts_accepted(vendor_state(self.home.url, "slack"), emails)


def _beside(began: float, ended: float, built: float, *, covered: bool) -> dict[str, Any]:
    """Whether the full build was still under way at the last lead, and then how long it took."""
    seconds = {"sending_seconds": round(ended - began, 2)}
    if covered:
        seconds["seconds"] = round(built - began, 2)
    return {"full_build": {**seconds, "outlasted_the_leads": covered}}


def _method(plan: Plan) -> str:
    who, notified = _INSTANT if plan.vendors == "instant" else _PUBLISHED
    waits = ", ".join(f"{name} {ms} ms" for name, ms in PUBLISHED_MS.items())
    return METHOD.format(
        roles=ROLES,
        history=plan.history,
        people=plan.people,
        leads=len(traffic.due_times(plan.leads_per_second, plan.seconds)),
        rate=plan.leads_per_second,
        who=who.format(waits=waits),
        notified=notified,
        done=_DONE_SECONDS,
    )
