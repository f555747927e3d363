from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import duckdb
import pytest

from orchestration import warehouse
from orchestration.destinations import NAMES, effects
from orchestration.errors import (
    WarehouseCorruptError,
    WarehouseLockedError,
    WarehouseMissingError,
    WarehouseOutdatedError,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVATION = [effect.table for effect in effects(NAMES)]


def make_warehouse(path: Path, *, rows: int) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema if not exists raw")
        connection.execute("create schema if not exists activation")
        connection.execute(
            f"create or replace table raw.events as select i as position from range({rows}) t(i)"
        )
        for table in ACTIVATION:
            connection.execute(
                f"create or replace table activation.{table} as "
                "select 'k' || i as entity_key, 'h' as payload_hash, 'granted' as consent_status "
                f"from range({rows}) t(i)"
            )


def test_missing_file_says_how_to_build_one(tmp_path: Path) -> None:
    """Reading before the first batch names the command that builds the warehouse."""
    with (
        pytest.raises(WarehouseMissingError) as raised,
        warehouse.connect(tmp_path / "none.duckdb"),
    ):
        pass

    assert "millrace run" in raised.value.remedy


def test_damaged_file_is_told_from_a_locked_one(tmp_path: Path) -> None:
    """A file that is no DuckDB database says so, and that the log can rebuild it."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"this is not a database" * 1000)

    with pytest.raises(WarehouseCorruptError), warehouse.connect(path):
        pass


def test_second_process_is_kept_off(tmp_path: Path) -> None:
    """While one batch works on the file, another gets a clear error instead of waiting for ever."""
    path = tmp_path / "warehouse.duckdb"

    with (
        warehouse.exclusive(path),
        pytest.raises(WarehouseLockedError),
        warehouse.exclusive(path, timeout_seconds=0.1),
    ):
        pass


def test_publishing_swaps_the_copy_and_tells_what_it_holds(tmp_path: Path) -> None:
    """Readers find the newest batch, and a digest that changes only with the rows."""
    path, copy = tmp_path / "warehouse.duckdb", tmp_path / "published" / "warehouse.duckdb"
    make_warehouse(path, rows=3)
    first = warehouse.publish(path, copy, activation=ACTIVATION, now=NOW)
    again = warehouse.publish(path, copy, activation=ACTIVATION, now=NOW)
    make_warehouse(path, rows=4)
    changed = warehouse.publish(path, copy, activation=ACTIVATION, now=NOW)

    assert first.log_position == 2
    assert again.digests == first.digests
    assert changed.digests != first.digests
    assert warehouse.publication(copy) == changed
    with warehouse.connect(copy) as connection:
        assert warehouse.log_position(connection) == 3


def test_a_reader_keeps_its_copy_while_a_new_one_is_swapped_in(tmp_path: Path) -> None:
    """An analyst's open query is not disturbed by a batch that publishes."""
    path, copy = tmp_path / "warehouse.duckdb", tmp_path / "published" / "warehouse.duckdb"
    make_warehouse(path, rows=3)
    warehouse.publish(path, copy, activation=ACTIVATION, now=NOW)

    with warehouse.connect(copy) as reader:
        make_warehouse(path, rows=9)
        warehouse.publish(path, copy, activation=ACTIVATION, now=NOW)
        assert warehouse.log_position(reader) == 2


def test_a_table_that_was_never_built_is_told_as_such(tmp_path: Path) -> None:
    """A destination that was turned on after the last batch has no table yet: the next batch
    builds it, and whoever asks before is told to run one."""
    path = tmp_path / "warehouse.duckdb"
    make_warehouse(path, rows=1)

    with (
        warehouse.connect(path) as connection,
        pytest.raises(WarehouseOutdatedError) as raised,
    ):
        warehouse.rows(connection, "select * from activation.act_elsewhere__things")

    assert "act_elsewhere__things" in str(raised.value)
    assert "millrace run" in raised.value.remedy


HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_program(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody's DuckDB shell on the file; it closes when its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout
        program.stdout.readline()
        yield program
        if program.stdin and not program.stdin.closed:
            program.stdin.close()
        program.wait()


def test_a_foreign_holder_is_named(tmp_path: Path) -> None:
    """Who has the file open is told by the number of the process, after the time given."""
    path = tmp_path / "warehouse.duckdb"
    make_warehouse(path, rows=1)
    with (
        held_by_another_program(path) as program,
        pytest.raises(WarehouseLockedError, match=f"Process {program.pid} has"),
        warehouse.exclusive(path, timeout_seconds=0.1),
    ):
        pass


def test_a_foreign_holder_is_waited_for(tmp_path: Path) -> None:
    """A batch goes on as soon as the other program closes the file."""
    path = tmp_path / "warehouse.duckdb"
    make_warehouse(path, rows=1)
    with held_by_another_program(path) as program:
        assert program.stdin
        leaves = Timer(0.5, program.stdin.close)
        leaves.start()
        with warehouse.exclusive(path), warehouse.connect(path, read_only=False) as connection:
            assert 0 == warehouse.log_position(connection)
        leaves.join()


def test_a_damaged_file_can_be_worked_on(tmp_path: Path) -> None:
    """Else nobody could replace it; it is told when it is opened."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"this is not a database" * 1000)
    with warehouse.exclusive(path):
        warehouse.discard(path, tmp_path / "dlt")
    assert not path.exists()
