"""What became of deliveries reaches the warehouse, and nothing personal with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import delivery_facts
from reverse_etl.ledger import DeliveryFact, Ledger, Settlement
from reverse_etl.model import Kind, Outcome, State
from reverse_etl.retry import Decision
from reverse_etl.testing import NOON, contact, task


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    return connection.execute(
        f"select {columns} from raw.deliveries order by delivery_id"
    ).fetchall()


def test_an_empty_ledger_makes_an_empty_table(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection
) -> None:
    """Models find their columns before anything was ever delivered."""
    assert 0 == delivery_facts.load(ledger, connection)
    assert [] == rows(connection, ", ".join(DeliveryFact._fields))


def test_facts_are_read_in_pages_and_replaced(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection
) -> None:
    """Each load shows every delivery once, as it stands now."""
    ledger.enqueue(
        [contact(n) for n in range(5)], destination="hubspot", action="upsert_contact", now=NOON
    )
    assert 5 == delivery_facts.load(ledger, connection, page_rows=2)

    leased = ledger.lease(
        "hubspot", token="t", now=NOON, ttl=timedelta(minutes=1), limits={"upsert_contact": 1},
        most=1,
    )  # fmt: skip
    later = NOON + timedelta(seconds=3)
    outcome = Outcome(Kind.DELIVERED, "DELIVERED", vendor_id="7")
    delivered = Decision(State.DELIVERED, "DELIVERED")
    ledger.settle("hubspot", [Settlement(row, delivered, outcome) for row in leased], later)
    assert 5 == delivery_facts.load(ledger, connection, page_rows=2)
    told = rows(connection, "state, attempts, created_at, delivered_at")
    assert ("delivered", 1, NOON, later) in told
    assert 4 == told.count(("pending", 0, NOON, None))


def test_nothing_personal_comes_along(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection
) -> None:
    """Payload, external id and message stay in the ledger."""
    row = replace(task(1), payload='{"email":"ada@example.com"}', external_id="ada@example.com")
    ledger.enqueue([row], destination="hubspot", action="create_task", now=NOON)
    delivery_facts.load(ledger, connection)
    assert "ada" not in str(connection.execute("from raw.deliveries").fetchall())


def test_a_load_that_breaks_off_leaves_the_old_rows(
    ledger: Ledger, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see all of a load or nothing of it."""
    ledger.enqueue([contact(1)], destination="hubspot", action="upsert_contact", now=NOON)
    delivery_facts.load(ledger, connection)

    def broken(**_given: object) -> list[DeliveryFact]:
        raise OSError("the disk is gone")

    monkeypatch.setattr(ledger, "facts", broken)
    with pytest.raises(OSError, match="disk"):
        delivery_facts.load(ledger, connection)
    assert [("pending",)] == rows(connection, "state")
