"""A ledger of the first release, brought to this one by a process that is killed on its way."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from sqlalchemy import MetaData, insert, select

from reverse_etl.ledger import Ledger
from reverse_etl.ledger.engine import open_engine, writing
from reverse_etl.ledger.migrations import HEAD
from reverse_etl.model import ConsentRow, Kind, Outcome
from reverse_etl.testing import NOON, ScriptedConnector, contact

# Kills itself, as a machine does that goes down, when it has made so many versions.
UPGRADE = """
import os, signal, sys
from alembic.runtime.migration import HeadMaintainer
from reverse_etl.ledger import Ledger

made, step = 0, HeadMaintainer.update_to_step

def update(*arguments):
    global made
    step(*arguments)
    made += 1
    if made == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

HeadMaintainer.update_to_step = update
Ledger.open(sys.argv[1]).close()
"""
TO_COME = int(HEAD) - 1


@pytest.mark.slow
def test_rows_of_the_first_release_survive_it(ledger, dispatch, ledger_url, older):
    """After each kill everything is as it was; the next start brings it here, with every row."""
    fill(ledger, dispatch)
    older.take(ledger_url)
    before = older.rows()
    assert {"deliveries", "attempts", "consents", "entities"} <= before.keys()

    for after in (1, TO_COME):
        command = [sys.executable, "-c", UPGRADE, older.url, str(after)]
        assert -signal.SIGKILL == subprocess.run(command).returncode
        assert before == older.rows()
    with Ledger.open(older.url) as upgraded:
        assert before == older.rows(before)
        for each in (upgraded, ledger):
            each.enqueue(
                [contact(1), contact(3)], destination="hubspot", action="upsert_contact", now=NOON
            )
        assert upgraded.counts() == ledger.counts()
        assert 1 == upgraded.counts().by_state["delivered"] == upgraded.counts().by_state["dead"]


class Older:
    """A ledger with the first release's tables."""

    def __init__(self, url, monkeypatch):
        self.url = url
        with monkeypatch.context() as patch:
            patch.setattr("reverse_etl.ledger.migrations.HEAD", "0001")
            self.engine = open_engine(url)

    def take(self, source):
        """What a ledger of today has for the columns there are."""
        there, here = MetaData(), MetaData()
        there.reflect(self.engine)
        engine = open_engine(source)
        here.reflect(engine)
        with engine.connect() as reading, writing(self.engine) as connection:
            for table in shared(there, here):
                columns = [here.tables[table.name].c[column.name] for column in table.c]
                if found := [dict(row) for row in reading.execute(select(*columns)).mappings()]:
                    connection.execute(insert(table), found)
        engine.dispose()

    def rows(self, like=None):
        """Of each table that has any; of the columns that `like` has, where it is given."""
        there = MetaData()
        there.reflect(self.engine)
        with self.engine.connect() as connection:
            found = {
                table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in there.sorted_tables
            }
        kept = {name: made for name, made in found.items() if made}
        if like is None:
            return kept
        return {
            name: [{column: row[column] for column in before[0]} for row in kept[name]]
            for name, before in like.items()
            if name != "alembic_version"
        } | {"alembic_version": like["alembic_version"]}


def shared(there, here):
    """Tables of both, whatever their columns."""
    names = here.tables.keys() - {"alembic_version"}
    return [table for table in there.sorted_tables if table.name in names]


@pytest.fixture
def older(request, ledger_url, tmp_path, monkeypatch):
    on_file = ledger_url.startswith("sqlite")
    url = f"sqlite:///{tmp_path}/older.db" if on_file else new_database(request)
    made = Older(url, monkeypatch)
    yield made
    made.engine.dispose()


def new_database(request):
    return request.getfixturevalue("postgres").new_database()


def fill(ledger, dispatch):
    """One delivered, one dead, one waiting, one person's consent."""
    ledger.apply_consents([ConsentRow("person-1", "crm", "granted", "consent-1", NOON)], NOON)
    ledger.enqueue(
        [contact(1), contact(2)], destination="hubspot", action="upsert_contact", now=NOON
    )
    refused = Outcome(Kind.PERMANENT, "FIELD_REJECTED", status=400)
    script = {"person-2": refused}.get
    dispatch(ScriptedConnector(script=lambda row, *_: script(row.entity_key)))()
    ledger.enqueue([contact(3)], destination="hubspot", action="upsert_contact", now=NOON)
