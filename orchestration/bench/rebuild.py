"""`millrace bench rebuild`: the models over a made-up log, in full and for the people touched."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from dbt_project.functions.register import register
from ingestion.event_log import EventLog
from orchestration import dbt, decisions
from orchestration.bench.machine import (
    describe_machine,
    own_peak_memory_mb,
    peak_memory_of_children_mb,
    versions,
)
from orchestration.errors import BenchError
from orchestration.fast_lane.plan import Plan, read_plan
from orchestration.incremental import state
from orchestration.incremental.build import Report, rebuild
from orchestration.settings import Settings

Progress = Callable[[str], None]

EVENTS_SQL = Path(__file__).with_name("rebuild_events.sql").read_text()
IDENTITIES_SQL = Path(__file__).with_name("rebuild_identities.sql").read_text()
IDENTIFIERS_OF_A_RECORD = 7
SESSION = 5  # events of one person that follow each other
START = datetime(2025, 1, 1, tzinfo=UTC)
SLOWEST = 12
IDENTITY = ("int_identi", "int_record_people", "int_refused", "int_overshared", "int_unsteady")

METHOD = (
    "Events made in DuckDB (web, e-mail, forms, Typeform, HubSpot, Segment, deals, consents, spend,"
    " quarantined ones), in sessions of {session} events; making and loading them and the seeds are"
    " out. `seconds` is the wall time of `dbt run` over all models, start of dbt included, data"
    " tests not; `peak_memory_mb` that of dbt's process plus our own; of `incremental`, which runs"
    " in ours, our own since the start. `incremental` is everything from the first look at the new"
    " events to the commit, data tests apart, which are told beside it: once with the new events"
    " in sessions, once each of somebody else (`scattered`). Before it, MQLs and owners of the full"
    " build are decided and built in, as a batch does. `scaling` is the cost of an event among all"
    " events as against a tenth of them, of a tenth of the people. `identity` is the time of the"
    " identity models alone over as many identifiers of records."
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much to measure; `new` events arrive after the full build."""

    events: int = 5_000_000
    people: int = 50_000
    new: int = 10_000
    identifiers: int = 1_000_000
    scaling: bool = True


def measure_rebuild(size: Size, progress: Progress) -> dict[str, Any]:
    """Every figure of the report; raises BenchError where dbt fails."""
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        folder = Path(name)
        told = _measure_main(folder / "all", size, progress)
        if size.scaling:
            tenth = Size(size.events // 10, max(size.people // 10, 1))
            progress(f"Again with {tenth.events:,} events")
            small = _Bench(folder / "tenth", tenth, progress).full()["seconds_of_models"]
            told["scaling"] = {
                "events": [tenth.events, size.events],
                "seconds_of_models": [small, told["seconds_of_models"]],
                "cost_per_event_ratio": round(
                    (told["seconds_of_models"] / size.events) / (small / tenth.events), 2
                ),
            }
        if size.identifiers:
            told["identity"] = _measure_identity(folder / "identity", size, progress)
    return told | {
        "machine": describe_machine(),
        "versions": versions("sqlite://"),
        "method": METHOD.format(session=SESSION),
    }


def _measure_main(folder: Path, size: Size, progress: Progress) -> dict[str, Any]:
    bench = _Bench(folder, size, progress)
    told = {"events": size.events, "people": size.people, **bench.full()}
    bench.decide()
    told["incremental"] = bench.incremental(session=SESSION)
    told["incremental"]["scattered"] = bench.incremental(session=1)
    bench.file.unlink()
    return told


class _Bench:
    """One warehouse, made and built in a folder of its own."""

    def __init__(self, folder: Path, size: Size, progress: Progress) -> None:
        self.folder = folder
        self.file = folder / "warehouse.duckdb"
        self.settings = Settings(home=folder, warehouse=self.file)
        self.size = size
        self.progress = progress
        self.position = 0
        folder.mkdir()

    def full(self) -> dict[str, Any]:
        self.progress(f"Making {self.size.events:,} events")
        self.add(self.size.events, session=SESSION)
        return self.build()

    def build(self) -> dict[str, Any]:
        """Seeds, then every model by dbt."""
        self.progress("Loading the seeds (dbt)")
        self.dbt("seed")
        self.progress("Building every model (dbt)")
        started = perf_counter()
        self.dbt("run")
        seconds = perf_counter() - started
        results = self.results()
        models = {
            result["unique_id"].rpartition(".")[2]: float(result["execution_time"])
            for result in results
        }
        return {
            "seconds": round(seconds, 2),
            "seconds_of_models": round(_span(results), 2),
            "peak_memory_mb": peak_memory_of_children_mb() + own_peak_memory_mb(),
            "slowest": _slowest(models),
            "models": models,
        }

    def add(self, count: int, *, session: int) -> None:
        with self.connected() as connection:
            connection.execute("create schema if not exists raw")
            makes = "insert into raw.events" if self.position else "create table raw.events as"
            connection.execute(
                f"{makes} {EVENTS_SQL}",
                {
                    "first": self.position,
                    "last": self.position + count,
                    "people": self.size.people,
                    "session": session,
                    "start": START,
                },
            )
            self.position += count

    def decide(self) -> None:
        """What the batch after a build appends, and the build that reads it: so many decisions
        touch so many people that it is a full one."""
        self.progress("Deciding MQLs and owners, and building every model again (dbt)")
        now = datetime.now(UTC)
        database = f"sqlite:///{self.folder / 'decisions.sqlite'}"
        with self.connected() as connection, closing(EventLog.open(database)) as log:
            decisions.append_decisions(log, decisions.undecided(connection), now=now)
            self._load(connection, log)
        self.dbt("run")
        self.dbt("compile")  # the data tests too, which `dbt run` leaves out
        self.plan = _plan(self.settings.dbt_target / "manifest.json")
        with self.connected() as connection:
            state.begin_full(connection, "benchmark")
            state.end_full(
                connection, position=self.position, fingerprint="bench", seconds=0, now=now
            )

    def _load(self, connection: duckdb.DuckDBPyConnection, log: EventLog) -> None:
        rows = [
            [
                self.position + number,
                event.event_key,
                event.kind,
                event.received_at,
                event.correlation_id,
                (told := json.loads(event.body))["type"],
                f"millrace/{told['type']}/1.0.0",
                event.body.decode(),
            ]
            for number, event in enumerate(log.read(after=0, limit=10_000_000), start=1)
        ]
        self.position += len(rows)
        connection.execute("begin")
        connection.executemany(
            """
            insert into raw.events by name
            select ? as position, 'millrace' as source, ? as event_key, ? as kind,
                cast(? as timestamptz) as received_at, ? as correlation_id, false as historical,
                ? as event_type, ? as contract, ? as body, md5(body) as body_hash
            """,
            rows,
        )
        connection.execute("commit")

    def incremental(self, *, session: int) -> dict[str, Any]:
        how = "in sessions" if session > 1 else "scattered over people"
        self.progress(f"{self.size.new:,} new events, {how}: the people touched")
        self.add(self.size.new, session=session)
        with self.connected() as connection:
            report = self._rebuild(connection)
        return {
            "events": report.new_events,
            "touched_people": report.touched_people,
            "touched_events": report.touched_events,
            "seconds": round(report.seconds, 2),
            "seconds_of_tests": round(report.test_seconds, 2),
            "peak_memory_mb": own_peak_memory_mb(),
            "slowest": _slowest(report.steps),
            "steps": dict(report.steps),
        }

    def _rebuild(self, connection: duckdb.DuckDBPyConnection) -> Report:
        held = state.read(connection)
        assert held is not None  # noqa: S101  written by `decide`
        return rebuild(
            connection,
            self.plan,
            held,
            too_many=lambda _touched, _people: False,
            now=lambda: datetime.now(UTC),
        )

    def results(self) -> list[dict[str, Any]]:
        """What dbt tells of its last command, node by node."""
        told = json.loads((self.settings.dbt_target / "run_results.json").read_bytes())
        return list(told["results"])

    def connected(self) -> Any:
        return _connected(self.file)

    def dbt(self, command: str, *arguments: str) -> None:
        """Run the dbt command line as the batch does; raises BenchError with its last words."""
        words = dbt.run(
            [command, *arguments],
            target=self.settings.dbt_target,
            environment=dbt.environment(self.settings),
        )
        if words is not None:
            raise BenchError(f"`dbt {command}` failed: {words}")


def _measure_identity(folder: Path, size: Size, progress: Progress) -> dict[str, Any]:
    bench = _Bench(folder, size, progress)
    progress(f"Identity alone on {size.identifiers:,} identifiers")
    with bench.connected() as connection:
        connection.execute("create schema raw")
        connection.execute(
            f"create table raw.events as {IDENTITIES_SQL}",
            {"last": size.identifiers // IDENTIFIERS_OF_A_RECORD},
        )
    bench.dbt("seed")
    bench.dbt("run", "--select", "+int_record_people")
    with bench.connected() as connection:
        [(identifiers,)] = connection.execute(
            "select count(*) from intermediate.int_identifiers"
        ).fetchall()
        [(records, people)] = connection.execute(
            "select count(*), count(distinct person_id) from intermediate.int_record_people"
        ).fetchall()
    bench.file.unlink()
    results = [result for result in bench.results() if _is_identity(result["unique_id"])]
    return {
        "identifiers": identifiers,
        "records": records,
        "people": people,
        "seconds": round(_span(results), 2),
    }


def _is_identity(unique_id: str) -> bool:
    return unique_id.rpartition(".")[2].startswith(IDENTITY)


def _span(results: Sequence[Mapping[str, Any]]) -> float:
    """Seconds during which at least one of the models ran; two run at a time."""
    times = sorted(
        (timing["started_at"], timing["completed_at"])
        for result in results
        for timing in result["timing"]
        if timing["name"] == "execute" and timing["started_at"] and timing["completed_at"]
    )
    seconds, until = 0.0, datetime.min.replace(tzinfo=UTC)
    for began, ended in times:
        start = max(datetime.fromisoformat(began), until)
        end = datetime.fromisoformat(ended)
        if end > start:
            seconds += (end - start).total_seconds()
            until = end
    return seconds


def _slowest(seconds: Mapping[str, float]) -> dict[str, float]:
    order = sorted(seconds, key=lambda name: -seconds[name])
    return {name: round(seconds[name], 2) for name in order[:SLOWEST]}


def _plan(manifest: Path) -> Plan:
    return read_plan(json.loads(manifest.read_bytes()), "bench")


@contextmanager
def _connected(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        register(connection)
        yield connection
