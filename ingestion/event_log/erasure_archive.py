"""Taking a person out of the archive: each file that holds one of their events is written anew.

A file takes its name when it is complete; then one transaction lets the rows name the new file;
then the old one goes. A crash at any moment leaves the rows with a file that has their content,
and a file that no row names is removed by the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from ingestion.errors import LogUnavailableError
from ingestion.event_log.archive_file import archive_errors, held, write_file
from ingestion.event_log.archive_reader import Archive
from ingestion.event_log.erasure import Changes, overwrite_what_is_freed, write_changes
from ingestion.event_log.log import EventLog
from ingestion.event_log.schema import EVENTS

_GROUP: Final = 500
_LOOKUP: Final = 500


def change_archive(log: EventLog, folder: Path, changes: Changes) -> tuple[int, int]:
    """Change archived events; returns how many, and how many files were written anew.

    Raises ArchiveUnavailableError, ArchiveMismatchError or LogUnavailableError.
    """
    if not folder.exists():
        return 0, 0
    with held(folder):
        events = files = 0
        for name in _files_with(log, changes):
            changed = _rewrite(log, folder, name, changes)
            events += changed
            files += bool(changed)
        _remove_unnamed(log, folder)
    return events, files


def _files_with(log: EventLog, changes: Changes) -> list[str]:
    """The files that hold events to be changed."""
    positions = sorted(changes.found.whole | changes.found.mentions)
    names: set[str] = set()
    with log.engines[0].begin() as connection:
        for start in range(0, len(positions), _LOOKUP):
            chosen = EVENTS.c.position.in_(positions[start : start + _LOOKUP])
            found = select(EVENTS.c.archived_in).where(chosen, EVENTS.c.archived_in.is_not(None))
            names.update(connection.execute(found).scalars())
    return sorted(names)


def _rewrite(log: EventLog, folder: Path, name: str, changes: Changes) -> int:
    rows = _contents(log, folder, name)
    new = {row.position: values for row in rows if (values := changes.of(row))}
    if not new:
        return 0
    written = [row._replace(**new.get(row.position, {})) for row in rows]
    groups = [written[start : start + _GROUP] for start in range(0, len(written), _GROUP)]
    file = write_file(folder, groups)
    _point_to(log, name, file.name, new)
    if file.name != name:
        with archive_errors(name):
            (folder / name).unlink(missing_ok=True)
    return len(new)


def _contents(log: EventLog, folder: Path, name: str) -> Sequence[Any]:
    """The rows that name a file, with their content, in order of position."""
    chosen = select(EVENTS).where(EVENTS.c.archived_in == name).order_by(EVENTS.c.position)
    with log.engines[0].begin() as connection:
        rows = connection.execute(chosen).all()
    return Archive(folder).restored(rows)


def _point_to(log: EventLog, old: str, new: str, values: dict[int, dict[str, Any]]) -> None:
    """Let the rows name the new file; content is in the file alone."""
    emptied = {"headers": "{}", "body": b""}
    try:
        with log.engines[1].begin() as connection:
            overwrite_what_is_freed(connection)
            write_changes(connection, {at: {**told, **emptied} for at, told in values.items()})
            named = update(EVENTS).where(EVENTS.c.archived_in == old).values(archived_in=new)
            connection.execute(named)
    except DBAPIError as error:
        raise LogUnavailableError("The event log cannot be changed now.") from error


def _remove_unnamed(log: EventLog, folder: Path) -> None:
    """Copies that an interrupted run left: nobody reads them, and they may hold the person."""
    with log.engines[0].begin() as connection:
        named = select(EVENTS.c.archived_in).where(EVENTS.c.archived_in.is_not(None)).distinct()
        wanted = set(connection.execute(named).scalars())
    with archive_errors("A file that is no longer used"):
        for file in folder.iterdir():
            if file.is_file() and file.name not in wanted:
                file.unlink()
