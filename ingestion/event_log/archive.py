"""Retention: the content of old events moves to compressed Parquet; everything else stays.

The row with its key stays in the log for ever, so counts and the recognition of duplicates are
not touched, and the log hands out the content as before. The order of work makes a crash harmless
at any moment: first a file that is complete, on disk and read back; then transactions that take
the content out of rows and let them name the file. Until then the log has everything; a file that
no row names holds copies only, and the same events written again replace it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Protocol

from ingestion.event_log.archive_file import ArchivedFile, held, write_file


class Rows(Protocol):
    """The rows of a log."""

    def old(self, before: datetime, after: int, limit: int, max_bytes: int) -> Sequence[Any]:
        """Rows to archive, behind a position."""

    def empty(self, positions: Sequence[int], file: str) -> int:
        """Take the content out of rows; returns of how many."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of a file and of its row groups.

    Reading one event back means reading its row group. Writers wait while the rows of one
    transaction are emptied.
    """

    file_events: int = 10_000
    file_bytes: int = 64 * 1024 * 1024
    group_events: int = 500
    group_bytes: int = 4 * 1024 * 1024
    transaction_events: int = 500


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What was moved: events and files, and how large the files are."""

    events: int = 0
    files: int = 0
    file_bytes: int = 0

    def plus(self, file: ArchivedFile, moved: int) -> ArchiveReport:
        """The report after one more file."""
        return ArchiveReport(self.events + moved, self.files + 1, self.file_bytes + file.size)


def archive(
    rows: Rows,
    folder: Path,
    before: datetime,
    *,
    limits: ArchiveLimits | None = None,
    progress: Callable[[ArchiveReport], None] = lambda _report: None,
    pause: Callable[[float], None] = sleep,
) -> ArchiveReport:
    """Move the content of events received before ``before`` into files in ``folder``.

    ``progress`` is told after every file. ``pause`` waits some seconds: as long as writers had to.
    Raises ArchiveMismatchError, ArchiveUnavailableError or
    LogUnavailableError; what was reported until then is moved, everything else is untouched.
    """
    limits = limits or ArchiveLimits()
    report = ArchiveReport()
    with held(folder):
        for groups in _files(rows, before, limits):
            file = write_file(folder, groups)
            report = report.plus(file, _empty(rows, file, limits.transaction_events, pause))
            progress(report)
    return report


def _empty(rows: Rows, file: ArchivedFile, step: int, pause: Callable[[float], None]) -> int:
    """Empty the rows of a file. Several transactions are as safe as one: each row names the file
    at the moment it loses its content."""
    moved = 0
    for start in range(0, len(file.positions), step):
        started = perf_counter()
        moved += rows.empty(file.positions[start : start + step], file.name)
        pause(perf_counter() - started)
    return moved


def _files(rows: Rows, before: datetime, limits: ArchiveLimits) -> Iterator[list[Sequence[Any]]]:
    """The row groups of one file after the other."""
    groups: list[Sequence[Any]] = []
    events = size = 0
    after = 0
    while group := rows.old(before, after, limits.group_events, limits.group_bytes):
        groups.append(group)
        after = group[-1].position
        events += len(group)
        size += sum(len(row.body) for row in group)
        if events >= limits.file_events or size >= limits.file_bytes:
            yield groups
            groups, events, size = [], 0, 0
    if groups:
        yield groups
