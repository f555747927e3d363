"""The load of the event log into a real DuckDB file, by dlt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.contracts import ContractSet
from ingestion.errors import WarehouseLockedError, WarehouseUnavailableError
from ingestion.event_log import EventLog

# dlt imports sqlglot, and with it a helper that some installations still have beside its successor.
pytestmark = pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")

COLUMNS = {
    "position": "BIGINT",
    "source": "VARCHAR",
    "event_key": "VARCHAR",
    "kind": "VARCHAR",
    "received_at": "TIMESTAMP WITH TIME ZONE",
    "correlation_id": "VARCHAR",
    "historical": "BOOLEAN",
    "event_type": "VARCHAR",
    "contract": "VARCHAR",
    "problem_code": "VARCHAR",
    "problem_path": "VARCHAR",
    "problem_value": "VARCHAR",
    "body": "VARCHAR",
    "body_hash": "VARCHAR",
}
PAGE_VIEW = b'{"type":"page_view","timestamp":"2026-03-01T12:00:00Z","data":{}}'


class Warehouse:
    """A warehouse file and the pipeline into it."""

    def __init__(self, folder: Path, log: EventLog) -> None:
        self.path = folder / "warehouse" / "warehouse.duckdb"
        self.state = folder / "pipelines"
        self.log = log

    def pipeline(self) -> Any:
        from ingestion.sources import event_log as source

        return source.create_pipeline(self.path, self.state)

    def load(self, **settings: Any) -> tuple[int, int]:
        """Load as a new process would; rows that came in, and the head."""
        from ingestion.sources import event_log as source

        report = source.load(self.log, ContractSet.load(), self.pipeline(), **settings)
        return report.rows, report.head

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def positions(self) -> list[int]:
        return [row[0] for row in self.query("select position from raw.events order by position")]


@pytest.fixture
def warehouse(tmp_path: Path, log: EventLog) -> Warehouse:
    return Warehouse(tmp_path, log)


@pytest.fixture
def fill(log, event):
    """Appends events with these keys."""

    def factory(*keys: str, body: bytes = PAGE_VIEW) -> None:
        log.append([event.make(key, body, source="standard") for key in keys])

    return factory


def test_empty_log(warehouse):
    """The table exists with all its columns although there is no event yet."""
    assert warehouse.load() == (0, 0)
    described = warehouse.query("select column_name, column_type from (describe raw.events)")
    assert dict(described) == COLUMNS


def test_rows(warehouse, log, event, now: datetime):
    """A row is the event as logged, with what its contract says."""
    log.append(
        [
            event.make("a", PAGE_VIEW, source="standard"),
            event.make("b", b"\xff", historical=True),
            event.make("c", b'{"type":"page_view","timestamp":"now","data":{}}', source="standard"),
            event.make("d", b'{"type":"new_thing"}', source="standard"),
        ]
    )
    warehouse.load()
    rows = warehouse.query(
        "select event_key, event_type, contract, problem_code, problem_path, body, historical"
        " from raw.events order by position"
    )
    contract = "standard/page_view/1.1.0"
    broken = '{"type":"page_view","timestamp":"now","data":{}}'
    unknown = '{"type":"new_thing"}'
    assert rows == [
        ("a", "page_view", contract, None, None, PAGE_VIEW.decode(), False),
        ("b", None, None, "BODY_NOT_JSON", "", None, True),
        ("c", "page_view", contract, "FIELD_FORMAT", "/timestamp", broken, False),
        ("d", "new_thing", None, "EVENT_TYPE_UNKNOWN", "/type", unknown, False),
    ]
    [[same]] = warehouse.query("select bool_and(received_at = ?) from raw.events", now)
    assert same


def test_incremental(warehouse, fill):
    """A load brings what came since the last one, part by part, and nothing twice."""
    fill("a", "b", "c", "d", "e")
    assert warehouse.load(part_rows=2) == (5, 5)
    assert warehouse.load() == (0, 5)
    fill("f")
    assert warehouse.load() == (1, 6)
    assert warehouse.positions() == [1, 2, 3, 4, 5, 6]


def test_lost_local_state(warehouse, fill):
    """Without the pipeline's working files a load goes on where the warehouse ends."""
    fill("a", "b")
    warehouse.load()
    shutil.rmtree(warehouse.state)
    fill("c")
    assert warehouse.load() == (1, 3)
    assert warehouse.positions() == [1, 2, 3]


def test_crash_before_state(warehouse, fill):
    """A crash after the rows and before dlt's state doubles nothing."""
    fill("a", "b")
    warehouse.load()
    warehouse.query("delete from raw._dlt_pipeline_state")
    warehouse.query("delete from raw._dlt_loads")
    shutil.rmtree(warehouse.state)
    assert warehouse.load() == (0, 2)
    assert warehouse.positions() == [1, 2]


@pytest.fixture
def part(warehouse, tmp_path):
    """Extracts what is new as a load would, without loading it."""
    from ingestion.sources import event_log as source
    from ingestion.sources.parts import write_parts

    def extract(after: int) -> Any:
        made = write_parts(warehouse.log, ContractSet.load(), tmp_path, after=after)
        pipeline = warehouse.pipeline()
        pipeline.extract(source.event_log_source(next(made)))
        return pipeline

    return extract


def test_package_left_over(warehouse, fill, part):
    """A package whose rows were committed just before a crash is not loaded once more."""
    fill("a", "b")
    pipeline = part(0)
    pipeline.normalize()
    shutil.copytree(warehouse.state, package := warehouse.state.with_name("copy"))
    pipeline.load()
    shutil.rmtree(warehouse.state)
    shutil.copytree(package, warehouse.state)
    fill("c")
    assert warehouse.load() == (1, 3)
    assert warehouse.positions() == [1, 2, 3]


def test_interrupted_load(warehouse, fill, part):
    """A package that was extracted and never loaded leaves no gap, with what came since."""
    warehouse.load()
    fill("a", "b")
    part(0)
    fill("c")
    assert warehouse.load() == (3, 3)
    assert warehouse.positions() == [1, 2, 3]


@pytest.mark.parametrize("loaded", [0, 1, 2])
def test_failing_part(warehouse, fill, loaded):
    """A load that breaks off keeps the parts it loaded; the next one goes on behind them."""
    fill("a", "b", "c")
    pipeline, runs = warehouse.pipeline(), []

    def run(source: Any) -> None:
        if len(runs) == loaded:
            raise RuntimeError("broken off")
        runs.append(pipeline.run(source))

    with pytest.raises(RuntimeError):
        warehouse.load(part_rows=1, run=run)
    assert warehouse.load(part_rows=1) == (3 - loaded, 3)
    assert warehouse.positions() == [1, 2, 3]


def test_nothing_left_behind(warehouse, fill):
    """People's data is in the warehouse alone: no working file of a load has it afterwards."""
    fill("a", body=PAGE_VIEW.replace(b"{}", b'{"email":"ann@example.com"}'))
    warehouse.load()
    files = [file for file in warehouse.state.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if file.suffix == ".parquet"]


def test_no_other_process_between(warehouse, fill):
    """From the reading of the last position to the end, no other process can open the file."""
    fill("a")
    script = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    pipeline, refused = warehouse.pipeline(), []

    def run(source: Any) -> None:
        other = [sys.executable, "-c", script, str(warehouse.path)]
        refused.append(subprocess.run(other, capture_output=True).returncode != 0)
        pipeline.run(source)
        refused.append(subprocess.run(other, capture_output=True).returncode != 0)

    warehouse.load(run=run)
    assert refused == [True, True]


def test_new_warehouse_file(warehouse, fill):
    """A warehouse that was deleted is filled again from the beginning."""
    fill("a", "b")
    warehouse.load()
    warehouse.path.unlink()
    assert warehouse.load() == (2, 2)


def test_locked(warehouse, fill):
    """A warehouse held by another program is reported with a way out; once free, it is loaded."""
    warehouse.load()
    fill("a")
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(warehouse.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline()
    with pytest.raises(WarehouseLockedError) as caught:
        warehouse.load()
    holder.communicate(b"\n")
    assert (caught.value.code, bool(caught.value.remedy)) == ("WAREHOUSE_LOCKED", True)
    assert warehouse.load() == (1, 1)


def test_no_warehouse(warehouse):
    """A file that is no DuckDB database is reported by its code, and left as it is."""
    warehouse.path.parent.mkdir()
    warehouse.path.write_text("not a database" * 1_000)
    with pytest.raises(WarehouseUnavailableError):
        warehouse.load()
    assert warehouse.path.read_text().startswith("not a database")


def test_nul_in_body(warehouse, fill):
    """A body with a NUL escape is loaded as JSON that every later step can read."""
    fill("a", body=PAGE_VIEW.replace(b"{}", rb'{"x":"a\u0000b"}'))
    warehouse.load()
    assert warehouse.query("select body::json->'data'->>'x', problem_code from raw.events") == [
        ("ab", None)
    ]


def test_rows_that_are_there_twice(warehouse, fill):
    """Rows that a retried job appended a second time are gone after the next load."""
    fill("a", "b", "c", "d", "e")
    warehouse.load()
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("insert into raw.events from raw.events where position > 2")
    warehouse.load()
    with duckdb.connect(str(warehouse.path)) as connection:
        found = connection.execute("select position from raw.events order by all").fetchall()
    assert [(1,), (2,), (3,), (4,), (5,)] == found
