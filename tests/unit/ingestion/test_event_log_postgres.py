"""What the event log does with its PostgreSQL database."""

from __future__ import annotations

from contextlib import closing

import pytest

from ingestion.errors import LogUnavailableError
from ingestion.event_log import EventLog


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
def test_other_spellings(postgres_url, event, scheme):
    """The URL may be spelt as hosting providers and SQLAlchemy do."""
    with closing(EventLog.open(postgres_url.replace("postgresql", scheme, 1))) as log:
        assert log.append([event.make("a")])[0].position == 1


def test_durable_commits(postgres_url):
    """A commit is on disk before it returns, whatever the server's default is."""
    with closing(EventLog.open(postgres_url)) as log:
        with log.engines[0].begin() as connection:
            connection.exec_driver_sql(
                "do $$ begin execute format('alter database %%I set synchronous_commit = off', "
                "current_database()); end $$"
            )
        log.engines[0].dispose()
        with log.engines[1].begin() as connection:
            told = connection.exec_driver_sql("show synchronous_commit").scalar_one()
    assert told == "on"


def test_a_writer_waits_not_for_ever(postgres_url, event):
    """A log that another writer holds for too long is reported; nothing is stored."""
    with (
        closing(EventLog.open(postgres_url)) as holding,
        closing(EventLog.open(postgres_url)) as log,
    ):
        with holding.engines[1].begin() as connection:
            connection.exec_driver_sql("select 1")
            with pytest.raises(LogUnavailableError, match="lock timeout"):
                log.append([event.make("a")])
        assert log.append([event.make("a")])[0].position == 1
