"""What the event log does with its SQLite file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from ingestion.errors import LogUnavailableError
from ingestion.event_log import EventLog


def test_durable_pragmas(log):
    """Commits reach the disk before they return, and readers do not wait for writers."""
    with log._writer.connect() as connection:
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    assert (synchronous, journal) == (2, "wal")


def test_new_file_locked(tmp_path):
    """Who opens a new file that another process is just preparing waits for it."""
    path = tmp_path / "log.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    Timer(0.2, other.rollback).start()
    log = EventLog.open(f"sqlite:///{path}")
    assert (log.head(), other.in_transaction) == (0, False)


def test_killed_process(log_file):
    """What append returned is there after the process was killed without warning."""
    script = f"""
import os
from datetime import UTC, datetime
from ingestion.event_log import EventLog, NewEvent
log = EventLog.open("sqlite:///{log_file}")
log.append([NewEvent("typeform", "k", "webhook", datetime.now(UTC), b"x", {{}}, "c")])
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert EventLog.open(f"sqlite:///{log_file}").head() == 1


def test_full_disk(log, event):
    """A full disk is reported by its code, nothing is stored; with space again, it goes on."""
    with log._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite's own "disk is full"
    with pytest.raises(LogUnavailableError, match="full") as caught:
        log.append([event.make("a", b"x" * 100_000)])
    assert (caught.value.code, caught.value.status) == ("LOG_UNAVAILABLE", 503)
    with log._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert log.append([event.make("a", b"x" * 100_000)])[0].duplicate is False


@pytest.mark.parametrize("target", ["file", "folder"])
def test_cannot_open(tmp_path: Path, target: str):
    """A log that cannot be opened is reported by its code."""
    (tmp_path / "file").write_text("no database, but long enough to look at" * 10)
    path = tmp_path if target == "folder" else tmp_path / "file"
    with pytest.raises(LogUnavailableError):
        EventLog.open(f"sqlite:///{path}")


def test_busy(log_file, log, event):
    """A log that another program holds for too long is reported, not waited for without end."""
    with log._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    other = sqlite3.connect(log_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailableError, match="locked"):
        log.append([event.make("a")])
    other.close()
    assert log.append([event.make("a")])[0].position == 1
