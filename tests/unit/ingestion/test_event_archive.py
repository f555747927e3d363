"""Old content moves to Parquet, and nobody who reads or writes the log notices."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from ingestion.errors import ArchiveMismatchError, ArchiveUnavailableError
from ingestion.event_log import EventLog
from ingestion.event_log.archive import ArchiveLimits, archive
from ingestion.event_log.export import export
from ingestion.event_log.schema import EVENTS

SMALL = ArchiveLimits(file_events=10, group_events=4, transaction_events=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "events"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/events.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def log(url, folder):
    opened = EventLog.open(url, folder)
    yield opened
    opened.close()


@pytest.fixture
def move(log, folder, now):
    """Archives what is older than ``now``, without pauses."""

    def run(rows=None, before=now, limits=SMALL, **options):
        return archive(
            rows or log.stored, folder, before, limits=limits, pause=lambda _: None, **options
        )

    return run


@pytest.fixture
def fill(log, event, now):
    """Appends old events with content that tells them apart; some bodies are empty or no text."""

    def run(first, last, *, age=timedelta(days=1)):
        log.append(
            [
                event.make(
                    f"k{number}",
                    b"" if number % 7 == 0 else b"body %d of Ada \xff\x00" % number,
                    headers={"n": f"ü{number}"},
                    received_at=now - age,
                    historical=number % 2 == 0,
                )
                for number in range(first, last + 1)
            ]
        )

    return run


def everything(log):
    """All that readers get to see."""
    return (
        log.read(limit=1000),
        log.read(limit=5, newest_first=True),
        log.at([1, 3, 11]),
        [
            (row.position, row.source, row.body, row.body_hash)
            for row in log.rows(after=0, limit=99)
        ],
        list(export(log)),
        [found.position for found in log.search("OF ada", limit=1000)],
        [found.position for found in log.search("OF ada", limit=5)],
        log.count(),
        log.head(),
        log.counters(),
    )


def contents(log):
    """What the table itself holds, by position."""
    columns = (EVENTS.c.position, EVENTS.c.headers, EVENTS.c.body, EVENTS.c.archived_in)
    with log.stored.reader.connect() as connection:
        return {row.position: row for row in connection.execute(select(*columns))}


def in_table(log):
    """Positions whose content is in the table."""
    return [position for position, row in contents(log).items() if row.archived_in is None]


def test_nobody_notices(log, fill, move):
    """Reading, searching, exporting and counting give the same before and after."""
    fill(1, 25)
    before = everything(log)
    report = move()
    assert (report.events, report.files) == (25, 3)
    assert all(row.body == b"" and row.headers == "{}" for row in contents(log).values())
    assert before == everything(log)


def test_duplicates_are_still_known(log, event, fill, move):
    """An event whose content was moved is a duplicate when it comes again; another body under its
    key is a variant."""
    fill(1, 5)
    move()
    fill(1, 5)
    assert log.head() == 5
    [first] = log.at([1])
    [answer] = log.append([event.make(first.event_key, b"another")])
    assert (answer.duplicate, answer.position) == (False, 6)


def test_only_what_is_old(log, fill, move):
    """Events received at the moment or later stay, whatever their position."""
    fill(1, 3, age=timedelta(0))
    fill(4, 6)
    fill(7, 8, age=timedelta(0))
    before = everything(log)
    assert move().events == 3
    assert [1, 2, 3, 7, 8] == in_table(log)
    assert before == everything(log)


def test_again(log, fill, move):
    """A second run moves only what became old since."""
    fill(1, 5)
    move()
    assert move().events == 0
    fill(6, 8)
    before = everything(log)
    assert move().events == 3
    assert before == everything(log)


class Crash(BaseException):
    """The process ends here."""


class Crashing:
    """Rows of a log that die at the n-th transaction, before or after it."""

    def __init__(self, rows, at, *, after):
        self._rows, self._left, self._after = rows, at, after
        self.old = rows.old

    def empty(self, positions, file):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        moved = self._rows.empty(positions, file)
        if self._left == 0:
            raise Crash
        return moved


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("transaction", [1, 2, 5])
def test_crash(log, fill, move, folder, transaction, after):
    """A crash at any transaction loses nothing, and the next run finishes the work."""
    fill(1, 25)
    before = everything(log)
    with pytest.raises(Crash):
        move(Crashing(log.stored, transaction, after=after))
    assert before == everything(log)
    fill(26, 27)  # the next run begins with other events than the first
    before = everything(log)
    move()
    assert before == everything(log)
    assert in_table(log) == []
    assert not list(folder.glob(".*.tmp"))


def test_killed(log, url, fill, move, folder):
    """kill -9 between the file and the table: all is there, and the next run finishes."""
    fill(1, 25)
    before = everything(log)
    script = f"""
import os
from datetime import UTC, datetime
from pathlib import Path
from ingestion.event_log import EventLog
from ingestion.event_log.archive import archive
from ingestion.event_log.archive_rows import LogRows
class Dying(LogRows):
    def empty(self, positions, file):
        super().empty(positions[:2], file)
        os.kill(os.getpid(), 9)
rows = EventLog.open({url!r}).stored
archive(Dying(rows.reader, rows.writer), Path({str(folder)!r}), datetime.now(UTC))
"""
    died = subprocess.run([sys.executable, "-c", script], check=False)
    assert (died.returncode, len(in_table(log))) == (-9, 23)
    assert before == everything(log)
    move()
    assert before == everything(log)
    assert in_table(log) == []


def test_two_at_once(log, fill, move):
    """Two archivers at the same time disturb each other as little as they do readers."""
    fill(1, 99)
    before = everything(log)
    moved = []
    threads = [
        threading.Thread(target=lambda limits=limits: moved.append(move(limits=limits).events))
        for limits in (SMALL, ArchiveLimits(file_events=7, group_events=7, transaction_events=5))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 99
    assert before == everything(log)


class Lying:
    """Rows of a log whose disk gives other bytes than were written."""

    def __init__(self, rows):
        self._rows, self.empty = rows, rows.empty

    def old(self, *arguments):
        return [
            row._replace(body=b"rotten") if row.position == 2 else row
            for row in map(_named, self._rows.old(*arguments))
        ]


def _named(row):
    return namedtuple("Row", row._fields)(*row)


def test_verified_before_emptied(log, fill, move, folder):
    """A file that does not hold what the log's hashes say is thrown away, and nothing is moved."""
    fill(1, 5)
    before = everything(log)
    with pytest.raises(ArchiveMismatchError) as caught:
        move(Lying(log.stored))
    assert "ARCHIVE_MISMATCH" == caught.value.code
    assert before == everything(log)
    assert (len(in_table(log)), list(folder.iterdir())) == (5, [])


def test_cannot_write(log, fill, move, folder):
    """Where no file can be written, the log keeps everything."""
    fill(1, 5)
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    with pytest.raises(ArchiveUnavailableError):
        move()
    assert len(in_table(log)) == 5


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped"])
def test_cannot_read(log, url, folder, fill, move, harm):
    """A lost or damaged file is told by its code; writing and counting go on without it."""
    fill(1, 5)
    move()
    [file] = folder.iterdir()
    content = file.read_bytes()
    match harm:
        case "missing":
            file.unlink()
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "flipped":
            half = len(content) // 2
            file.write_bytes(content[:4] + bytes(b ^ 255 for b in content[4:half]) + content[half:])
    other = EventLog.open(url, folder)
    with pytest.raises(ArchiveUnavailableError) as caught:
        other.read()
    assert ("ARCHIVE_UNAVAILABLE", 503) == (caught.value.code, caught.value.status)
    fill(6, 6)
    assert 6 == other.count().count
    other.close()


def test_no_folder(log, url, fill, move):
    """A log that is opened without its archive says so, and says nothing wrong."""
    fill(1, 2)
    move()
    other = EventLog.open(url)
    with pytest.raises(ArchiveUnavailableError, match="no folder"):
        other.read()
    other.close()


def test_large_bodies(log, event, move, now):
    """Files and row groups are bounded by bytes too, and one event is always taken."""
    old = now - timedelta(days=1)
    log.append([event.make(f"k{n}", b"x" * 1000, received_at=old) for n in range(6)])
    before = everything(log)
    report = move(limits=ArchiveLimits(file_bytes=2_500, group_bytes=900))
    assert (report.events, report.files) == (6, 2)
    assert before == everything(log)


def test_progress(fill, move):
    """Progress is told file by file."""
    fill(1, 25)
    told = []
    move(progress=lambda report: told.append(report.events))
    assert [12, 24, 25] == told  # a file is complete at the end of the row group that fills it


def test_file_speaks_for_itself(log, folder, fill, move):
    """Other programs can read the files: whole events under the log's names."""
    fill(1, 25)
    move()
    rows = duckdb.sql(f"select * from read_parquet('{folder}/*.parquet') order by position")
    assert [column.name for column in EVENTS.c if column.name != "archived_in"] == rows.columns
    assert [event.body for event in log.read()] == [row[6] for row in rows.fetchall()]


def test_disk_is_given_back(tmp_path, folder, event, now):
    """The SQLite file shrinks by what was moved out of it."""
    path = tmp_path / "events.db"
    log = EventLog.open(f"sqlite:///{path}", folder)
    old = now - timedelta(days=1)
    log.append([event.make(f"k{n}", bytes(1_000), received_at=old) for n in range(5_000)])
    archive(log.stored, folder, now, pause=lambda _: None)
    log.stored.give_back()
    log.close()
    assert path.stat().st_size < 2_500_000  # of more than 6 MB
    assert all(
        event.body == bytes(1_000) for event in EventLog.open(f"sqlite:///{path}", folder).read()
    )


def test_give_back_changes_nothing(log, fill, move):
    """Space is given back behind everybody's back, on both databases."""
    fill(1, 25)
    before = everything(log)
    move()
    log.stored.give_back()
    assert before == everything(log)
