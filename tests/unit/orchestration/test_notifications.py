"""Being told by PostgreSQL: what another process added is looked at without waiting for a poll."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg

from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.databases import CHANNEL as LOG
from orchestration.notifications import listening
from reverse_etl.ledger import Ledger
from reverse_etl.ledger.engine import CHANNEL as LEDGER
from reverse_etl.testing import NOON, contact

SECONDS = 20


@contextmanager
def told(url: str, channel: str) -> Iterator[threading.Semaphore]:
    """Each time that it is told; it listens already."""
    heard = threading.Semaphore(0)
    with listening(url, channel, heard.release):
        assert heard.acquire(timeout=SECONDS)
        yield heard


def event(key: str) -> NewEvent:
    now = datetime.now(UTC)
    return NewEvent("typeform", key, "webhook", now, b"{}", {}, correlation_id=key)


def test_new_events_are_told(postgres_url: str) -> None:
    """Once they are committed; what was there already is no news."""
    with closing(EventLog.open(postgres_url)) as log, told(postgres_url, LOG) as heard:
        log.append([event("a")])
        assert heard.acquire(timeout=SECONDS)
        log.append([event("a")])
        assert not heard.acquire(timeout=0.2)


def test_rows_to_send_are_told(postgres_url: str) -> None:
    """Rows that were queued, not those that stay as they are."""
    table = {"destination": "hubspot", "action": "upsert_contact", "now": NOON}
    with Ledger.open(postgres_url) as ledger, told(postgres_url, LEDGER) as heard:
        ledger.enqueue([contact(1)], **table)
        assert heard.acquire(timeout=SECONDS)
        ledger.enqueue([contact(1)], **table)
        assert not heard.acquire(timeout=0.2)


def test_a_broken_connection_is_made_again(postgres_url: str) -> None:
    """And looked after, as something may have been missed."""
    others = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with told(postgres_url, LOG) as heard:
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(f"select pg_terminate_backend(pid) from {others}")
            assert heard.acquire(timeout=SECONDS)
            server.execute(f"notify {LOG}")
        assert heard.acquire(timeout=SECONDS)


def test_sqlite_tells_nobody() -> None:
    """There polling is all there is."""
    heard = threading.Semaphore(0)
    with listening("sqlite:////nowhere/log.db", LOG, heard.release):
        assert not heard.acquire(timeout=0.1)
