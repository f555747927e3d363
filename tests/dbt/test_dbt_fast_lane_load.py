"""The fast lane under load that does not come from leads: storms, people with too many events, and
slices that do not fit into memory. The models are the project's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest
from dbt_lab import compiled_manifest, compiled_plan, laboratory
from dbt_warehouse import Warehouse
from structlog.testing import capture_logs

from ingestion.contracts import ContractSet
from ingestion.event_log import EventLog, NewEvent
from ingestion.sandbox.webhooks import standard_body
from orchestration import connections
from orchestration.bench.latency_traffic import leads
from orchestration.destinations import effects
from orchestration.fast_lane import ceiling, pace, queries
from orchestration.fast_lane.engine import Config, Engine, Workshop
from orchestration.fast_lane.engines import Engines
from orchestration.fast_lane.lane import Lane
from orchestration.fast_lane.likely import usual_kinds
from orchestration.fast_lane.loading import Loaded, promises
from orchestration.fast_lane.plan import Plan, Scope
from orchestration.fast_lane.worker import Worker
from orchestration.quality import contracts
from orchestration.quality.contracts import Contracts
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.lane import Lane as LedgerLane
from reverse_etl.model import Delivery, State

pytestmark = pytest.mark.slow

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BUSY = "busy@company1.example"


@dataclass(frozen=True, slots=True)
class Published:
    """An empty warehouse, as the batch lane publishes one."""

    plan: Plan
    file: Path
    contracts: Contracts


@pytest.fixture(scope="module")
def published(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Published:
    plan, file = compiled_plan(warehouse), tmp_path_factory.mktemp("empty") / "copy.duckdb"
    with laboratory(plan, dict(warehouse.seeds())) as lab:
        lab.build()
        lab.connection.execute(f"attach '{file}' as copy")
        lab.connection.execute("copy from database memory to copy")
    return Published(plan, file, contracts.of(compiled_manifest(warehouse)))


@dataclass
class Stage:
    """A lane with a log and a ledger of its own."""

    settings: Settings
    log: EventLog
    ledger: Ledger
    loaded: Loaded
    said: list[Any] = field(default_factory=list)

    def work(self) -> None:
        """Until the lane has come to the end of the log."""
        worker = Worker(self.settings, self.log, self.ledger, enqueued=lambda: None)
        worker.take_up(self.loaded)
        self.said.clear()
        with capture_logs() as said:
            while self.ledger.lane.position() < self.log.head():
                assert worker.turn() < 0.5, said[-1]
        self.said += said

    def batches(self) -> list[dict[str, Any]]:
        return [line for line in self.said if line["event"] == "fast_lane_batch"]

    def left(self) -> list[dict[str, Any]]:
        return [line for line in self.said if "left_to_batch" in line["event"]]

    def wanted(self) -> dict[tuple[str, str], Delivery]:
        """What the ledger holds that no newer row has replaced, by action and entity."""
        rows = self.ledger.find(states=[State.PENDING])
        return {(row.action, row.entity_key): row for row in rows}


@contextmanager
def staged(
    home: Path, published: Published, config: Config | None = None, **chosen: Any
) -> Iterator[Stage]:
    chosen = {"lane_defer_after_seconds": inf} | chosen
    settings = Settings(home=home, destinations=("hubspot",), **chosen)
    told = [
        each for each in effects(["hubspot"]) if published.plan[each.table].scope is Scope.PERSON
    ]
    promised = promises(published.contracts, told)
    with (
        closing(connections.event_log(settings)) as log,
        closing(connections.ledger(settings)) as ledger,
    ):
        workshop = Workshop(
            published.plan,
            published.file,
            targets=queries.targets(told),
            links=queries.LINKING,
            queries=queries.of(told) | queries.checks(promised),
            config=config,
        )
        engines = Engines(workshop, wide=frozenset(workshop.kinds()), usual=usual_kinds())
        lane = Lane(
            log,
            ContractSet.load(),
            engines,
            told,
            contracts_of=promised,
            approve_above={},
            asks={},
            most_events=settings.lane_most_events,
        )
        loaded = Loaded(lane, engines, workshop, NOW, 0)
        with closing(loaded):
            yield Stage(settings, log, ledger, loaded)


def views(
    count: int, start: int = 0, *, email: str = BUSY, page: str = "p", now: datetime = NOW
) -> list[NewEvent]:
    """What a loop on somebody's page tells of one person."""
    return [
        event(
            "standard",
            f"view-{email}-{number}",
            standard_body(
                "page_view",
                now - timedelta(seconds=number),
                {
                    "email": email,
                    "utm_source": f"s{number % 7}",
                    "page_url": f"https://e.com/{page}",
                },
            ),
            now,
        )
        for number in range(start, start + count)
    ]


def forms(count: int, now: datetime = NOW) -> list[NewEvent]:
    """Leads of so many people."""
    return [
        event("typeform", lead.key, json.loads(lead.webhook.body), now)
        for lead in leads(count, now)
    ]


def event(source: str, key: str, body: Any, received_at: datetime = NOW) -> NewEvent:
    raw = json.dumps(body).encode()
    return NewEvent(source, key, "webhook", received_at, raw, {}, f"{source}:{key}")


def emails(rows: dict[tuple[str, str], Delivery]) -> set[str]:
    return {
        json.loads(row.payload)["properties"]["email"]
        for (action, _), row in rows.items()
        if action == "upsert_contact"
    }


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Iterator[Callable[[], int]]:
    """How often a method is called meanwhile."""
    calls = []
    act = getattr(owner, name)

    def then(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return act(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, then)
        yield lambda: len(calls)


def test_a_storm_on_one_person_is_coalesced(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five thousand events of one person take four batches, not ten that build it all anew; the
    leads in the storm and behind it come with them, and the rows are those of one single batch."""
    monkeypatch.setattr(pace, "_LONG_SECONDS", inf)  # however slow this machine is
    people = forms(3)
    storm = [*views(2_500), people[0], *views(2_500, 2_500), *people[1:]]
    with staged(tmp_path / "storm", published) as stage:
        stage.log.append(storm)
        stage.work()
        batches, found = stage.batches(), stage.wanted()
    with staged(tmp_path / "once", published, lane_batch_events=len(storm)) as once:
        once.log.append(storm)
        once.work()
        expected = once.wanted()

    assert [500, 1_000, 2_000] == [batch["events"] for batch in batches[:3]]
    assert batches[3]["events"] >= 1_503  # what was decided meanwhile comes behind it
    assert sum(batch["slice_events"] for batch in batches) < 2.5 * len(storm)
    assert 4 == len(emails(found)) == len(emails(expected))
    assert payloads(expected) == payloads(found)


def payloads(rows: dict[tuple[str, str], Delivery]) -> dict[tuple[str, str], str]:
    return {key: row.payload for key, row in rows.items()}


def test_leads_do_not_queue_behind_page_views(published: Published, tmp_path: Path) -> None:
    """What has waited too long in a flood is only noted, but for the lead in it; the next that such
    a visitor does is built with all that was only noted."""
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    visitors = [f"visitor{number}@flood.example" for number in range(20)]
    flood = [each for email in visitors for each in views(30, email=email, now=long_ago)]
    came = [*flood[:400], *forms(1, long_ago), *flood[400:]]
    with staged(tmp_path / "late", published, lane_defer_after_seconds=60) as stage:
        stage.log.append(came)
        stage.work()
        [first, *_], behind = stage.batches(), [*stage.said]
        at_once = emails(stage.wanted())
        stage.log.append(views(1, 900, email=visitors[3]))
        stage.work()
        found = stage.wanted()
    with staged(tmp_path / "once", published) as once:
        once.log.append([*came, *views(1, 900, email=visitors[3])])
        once.work()
        expected = once.wanted()

    assert {leads(1, NOW)[0].email, *visitors[16:]} == at_once  # of whom the rest of it told
    assert (500, 499, 1) == (first["events"], first["deferred"], first["people"])
    assert ["LANE_BEHIND"] == [line["code"] for line in behind if "behind" in line["event"]]
    assert {*at_once, visitors[3]} == emails(found)
    assert payloads(found) == {key: payloads(expected)[key] for key in found}


def test_large_slices_leave_no_memory_behind(published: Published, tmp_path: Path) -> None:
    """What the statements gathered over many people does not stay until they run again."""
    people = [f"p{number}@many.example" for number in range(1_000)]
    with staged(tmp_path, published, lane_batch_events=10_000) as stage:
        before = hash_tables(stage)
        stage.log.append([each for email in people for each in views(10, email=email)])
        stage.work()
        after = hash_tables(stage)

    assert 10_000 == stage.batches()[0]["slice_events"]
    assert after - before < 16


def hash_tables(stage: Stage) -> float:
    """Megabytes that DuckDB holds for joins and groups."""
    told = "select sum(memory_usage_bytes) / 1e6 from duckdb_memory() where tag = 'HASH_TABLE'"
    [(megabytes,)] = stage.loaded.workshop.held.connection.execute(told).fetchall()
    return float(megabytes)


def test_who_has_too_many_events_holds_up_nobody(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of somebody's events are left to the batch lane at once, the leads among them are worked
    off at once: no halving down to each event. What comes later of that person is left as well."""
    among: Sequence[NewEvent] = [
        each for pair in zip(views(40, 100), forms(40), strict=True) for each in pair
    ]
    with staged(tmp_path, published, lane_most_events=50) as stage:
        stage.log.append(views(60))
        stage.work()
        stage.log.append(among)
        with (
            counted(monkeypatch, Lane, "_work") as works,
            counted(monkeypatch, LedgerLane, "reach") as reaches,
            counted(monkeypatch, Engine, "slice") as slices,
        ):
            stage.work()
            cost = (works(), reaches(), slices())
        [first, *_], [left] = stage.batches(), stage.left()
        stage.log.append([*views(1, 200), *forms(41)[40:]])
        stage.work()
        later = stage.left()
        found = emails(stage.wanted())

    assert ("LANE_SLICE_TOO_LARGE", 40) == (left["code"], left["events"])
    assert (80, 40) == (first["events"], first["people"])
    assert cost <= (4, 20, 3)
    assert [("LANE_SLICE_TOO_LARGE", 1)] == [(line["code"], line["events"]) for line in later]
    assert {lead.email for lead in leads(41, NOW)} <= found


def test_what_does_not_fit_into_memory_is_left_to_the_batch(
    published: Published, tmp_path: Path
) -> None:
    """Somebody's events that together take more than there is fail for themselves, with a code; the
    leads among them are worked off, and the lane goes on. So does whatever comes later of them."""
    large = views(60, page="x" * 900_000)
    config = ceiling.for_duckdb(384)
    with staged(tmp_path, published, config) as stage:
        for start in range(0, 60, 20):
            stage.log.append([*large[start : start + 20], *forms(start // 20 + 1)])
        stage.work()
        left, found = stage.left(), emails(stage.wanted())
        stage.log.append(views(1, 500))
        stage.work()
        later = stage.left()

    assert left
    assert ["LANE_MEMORY"] == [line["code"] for line in later]  # no slice goes without them
    assert {"LANE_MEMORY"} == {line["code"] for line in left}
    assert {lead.email for lead in leads(3, NOW)} <= found
