"""The ledger's schema, version by version."""

from __future__ import annotations

import re
import sqlite3
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from reverse_etl.errors import LedgerNewerError
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.engine import open_engine, writing
from reverse_etl.ledger.migrations import HEAD
from reverse_etl.ledger.schema import metadata
from reverse_etl.ledger.waiting import wake
from reverse_etl.model import ConsentRow
from reverse_etl.testing import NOON, contact


@pytest.fixture
def engine(ledger_url):
    engine = open_engine(ledger_url)
    yield engine
    engine.dispose()


def test_the_versions_lead_to_the_tables_as_declared(engine):
    """Nobody changes a table without a migration: what the versions made differs in nothing."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert [] == compare_metadata(context, metadata)
        assert HEAD == context.get_current_revision()


def test_waiting_rows_are_found_by_their_own_index(tmp_path):
    """However long the queue: SQLite would else go through all that is pending at each delivery."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.enqueue([contact(1)], destination="hubspot", action="upsert_contact", now=NOON)
        delivered = ledger.find()
    engine = open_engine(url)
    told = []
    with writing(engine) as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: told.append(call[2:4]))
        wake(connection, delivered, NOON)
        statement, parameters = told[0]
        plan = connection.exec_driver_sql(f"explain query plan {statement}", parameters).all()
    engine.dispose()
    assert ["deliveries_waiting"] == re.findall(r"USING INDEX (\w+)", str(plan))


def test_a_new_file_that_is_locked_is_waited_for(tmp_path):
    """Who opens a new file that another process is just preparing waits for it."""
    path = tmp_path / "ledger.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    Timer(0.2, other.rollback).start()
    with Ledger.open(f"sqlite:///{path}") as ledger:
        assert ([], False) == (ledger.find(), other.in_transaction)


def test_opening_again_changes_nothing(ledger_url):
    """A ledger that is there already is opened as it is, with its rows."""
    with Ledger.open(ledger_url) as ledger:
        ledger.enqueue([contact(1)], destination="hubspot", action="upsert_contact", now=NOON)
    with Ledger.open(ledger_url) as ledger:
        assert 1 == len(ledger.find())


def test_an_older_ledger_is_brought_up_to_date_with_its_rows(ledger_url, monkeypatch):
    """A ledger of the first release keeps what it holds and gets what came since."""
    with monkeypatch.context() as patch:
        patch.setattr("reverse_etl.ledger.migrations.HEAD", "0001")
        with Ledger.open(ledger_url) as ledger:
            granted = ConsentRow("person-1", "crm", "granted", "consent-1", NOON)
            ledger.apply_consents([granted], NOON)
    with Ledger.open(ledger_url) as ledger:
        ledger.enqueue([contact(1)], destination="hubspot", action="upsert_contact", now=NOON)
        current = ledger.consents_for(ledger.find())
        assert {("person-1", "crm"): ("granted", "consent-1")} == current
        assert ledger.switches.turn_off("hubspot", who="ada", reason="", now=NOON)


def test_a_ledger_of_a_newer_release_is_left_alone(engine, ledger_url):
    """An older release neither reads nor writes what it does not know."""
    with writing(engine) as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(LedgerNewerError):
        Ledger.open(ledger_url)


def test_a_migration_that_breaks_off_leaves_nothing(ledger_url, monkeypatch):
    """Versions are made in one transaction: after a crash the next start begins anew."""

    def crash(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", crash)
        with pytest.raises(KeyboardInterrupt):
            open_engine(ledger_url)
    with Ledger.open(ledger_url) as ledger:
        assert ledger.counts().balanced
