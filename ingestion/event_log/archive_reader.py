"""Reading what was moved to the archive, as if it were still in the log."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ingestion.errors import ArchiveUnavailableError

if TYPE_CHECKING:
    from ingestion.event_log.archive_file import ParquetContents

# A row group holds some hundred events, so this is some ten megabytes.
_CACHED_GROUPS: Final = 32
_CACHED_FILES: Final = 256


class Content(NamedTuple):
    """The part of an event that is moved: headers as JSON text, the body as received."""

    headers: str
    body: bytes


_NOTHING: Final[Mapping[int, Content]] = {}


class Archive:
    """The archive's files in one folder, None where there is no archive. Safe to use from several
    threads. Every method raises ArchiveUnavailableError when a file cannot be read."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file = lru_cache(_CACHED_FILES)(self._open)
        self._group = lru_cache(_CACHED_GROUPS)(self._read_group)

    def contents(self, files: Mapping[int, str]) -> dict[int, Content]:
        """The contents of events, given the file of each position."""
        found: dict[int, Content] = {}
        last, group = "", _NOTHING
        for position, name in files.items():
            # Neighbours are mostly in the same group.
            if name != last or position not in group:
                last, group = name, self._group(name, self._file(name).group_of(position))
            content = group.get(position)
            if content is None:
                raise ArchiveUnavailableError(f"{name} in the archive lacks position {position}.")
            found[position] = content
        return found

    def restored(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Rows of the log with the headers and bodies that were moved put back.

        Rows are named tuples with ``position``, ``archived_in`` and, as far as they were asked
        for, ``headers`` and ``body``.
        """
        files = {row.position: row.archived_in for row in rows if row.archived_in is not None}
        if not files:
            return rows
        contents = self.contents(files)
        put_back = _Restorer(tuple(rows[0]._fields))
        return [put_back(row, contents.get(row.position)) for row in rows]

    def search(self, text: str, files: Iterable[str], limit: int) -> list[int]:
        """Positions of the newest events whose body contains ``text``, whatever the case of ASCII
        letters; the newest first."""
        needle = text.lower().encode()
        found: list[int] = []
        for name in sorted(files, key=_last_position, reverse=True):
            if len(found) == limit and found[-1] > _last_position(name):
                break
            # An interrupted run may have left copies of an event in two files.
            found = sorted({*found, *self._matches(name, needle)}, reverse=True)[:limit]
        return found

    def _matches(self, name: str, needle: bytes) -> list[int]:
        # Past the cache: a search through everything would push out what others read again.
        groups = (self._read_group(name, number) for number in range(self._file(name).groups))
        return [
            position
            for group in groups
            for position, content in group.items()
            if needle in content.body.lower()
        ]

    def _open(self, name: str) -> ParquetContents:
        # Imported here: most processes never read the archive, and pyarrow is large.
        from ingestion.event_log.archive_file import ParquetContents, archive_errors

        if self._folder is None:
            raise ArchiveUnavailableError(f"{name} is in the archive, but no folder is known.")
        with archive_errors(name):
            return ParquetContents(self._folder / name)

    def _read_group(self, name: str, number: int) -> Mapping[int, Content]:
        from ingestion.event_log.archive_file import archive_errors

        file = self._file(name)
        if number == file.groups:
            return _NOTHING
        with archive_errors(name):
            return file.group(number)


class _Restorer:
    """Makes rows of one shape, with another content where there is one."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._make = _shape(fields)._make
        self._places = [
            (fields.index(name), place)
            for place, name in enumerate(Content._fields)
            if name in fields
        ]

    def __call__(self, row: Sequence[Any], content: Content | None) -> Any:
        values = list(row)
        if content is not None:
            for index, place in self._places:
                values[index] = content[place]
        return self._make(values)


@lru_cache
def _shape(fields: tuple[str, ...]) -> Any:
    return namedtuple("RestoredRow", fields)


def _last_position(name: str) -> int:
    """The last position in a file, by its name."""
    return int(name.split("-")[1])
