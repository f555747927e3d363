"""Vendors' webhook dumps, from files, folders and S3, into the event log as ``backfill``."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa

from ingestion.contracts.parse import PARSERS
from ingestion.contracts.parse import parse as parse_json
from ingestion.errors import (
    DependencyMissingError,
    DumpMissingError,
    DumpUnreachableError,
    LineError,
    SourceUnknownError,
)
from ingestion.event_log import EventLog, NewEvent
from ingestion.event_log.export import ImportReport, LineParser, append_lines, parse_line
from ingestion.webhooks import SOURCES

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_NAMES: Final = tuple(
    f"{kind}{packed}" for kind in (".jsonl", ".ndjson") for packed in ("", ".gz", ".zst")
)


@dataclass(frozen=True, slots=True)
class Dump:
    """A file that may be far away; ``open`` gives its bytes as they are stored."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class DumpReport:
    """What became of one file."""

    file: str
    lines: ImportReport


def find_dumps(path: str) -> list[Dump]:
    """The files at a path: one file, those below a folder, or those below ``s3://bucket/folder``,
    in order of name.

    Raises DumpMissingError, DumpUnreachableError, DependencyMissingError.
    """
    if "://" not in path and Path(path).is_file():
        return [Dump(path, lambda: Path(path).open("rb"))]
    if "://" not in path and not Path(path).is_dir():
        raise DumpMissingError(f"There is no file or folder {path}.")
    dumps = sorted(_listed(path), key=lambda dump: dump.name)
    if not dumps:
        raise DumpMissingError(f"There is no file to append in {path}.")
    return dumps


def append_dump(
    log: EventLog,
    dump: Dump,
    parse: LineParser,
    progress: Callable[[int], None] = lambda _lines: None,
) -> DumpReport:
    """Append the lines of one file; see ``append_lines``. Raises DumpUnreachableError."""
    try:
        stored = dump.open()
    except OSError as error:
        raise DumpUnreachableError(f"{dump.name} cannot be opened: {error.strerror}.") from error
    with closing(stored), closing(unpacked(stored)) as stream:
        return DumpReport(dump.name, append_lines(log, stream, parse, progress))


def unpacked(stored: BinaryIO) -> BinaryIO:
    """The content of a file, told by its first bytes: gzip, zstd or plain."""
    buffered = stored if isinstance(stored, io.BufferedReader) else _buffered(stored)
    start = buffered.peek(len(_ZSTD))
    if start.startswith(_GZIP):
        return cast(BinaryIO, gzip.open(buffered))
    if start.startswith(_ZSTD):
        return _buffered(pa.CompressedInputStream(buffered, "zstd"))
    return buffered


def exported_lines(now: datetime, new_id: Callable[[], str]) -> LineParser:
    """For files of lines as ``millrace log export`` writes them."""
    return lambda line: [parse_line(line, now, new_id)]


def webhook_lines(source: str, now: datetime, new_id: Callable[[], str]) -> LineParser:
    """For files of a vendor's request bodies, one a line, keyed as its webhooks are.

    An event that came by webhook before is a duplicate, unless its key stands in a header that
    no dump has. Raises SourceUnknownError.
    """
    if source not in SOURCES:
        raise SourceUnknownError(f"There is no source {source}; choose from {', '.join(SOURCES)}.")
    understood, split = PARSERS.get(source, parse_json), SOURCES[source].split

    def events(line: bytes) -> Sequence[NewEvent]:
        body = line.strip()
        if understood(body) is None:
            raise LineError(f"The line is no body of a {source} webhook.")
        return [
            NewEvent(source, one.event_key, "backfill", now, one.body, {}, new_id(), True)
            for one in split(body, {})
        ]

    return events


def _listed(path: str) -> Iterator[Dump]:
    """What dlt's filesystem source finds below a folder or an address."""
    from dlt.common.configuration.exceptions import ConfigurationException
    from dlt.common.exceptions import MissingDependencyException
    from dlt.sources.filesystem import filesystem

    address = path if "://" in path else str(Path(path).resolve())
    try:
        for item in filesystem(bucket_url=address, file_glob="**"):
            if item["file_url"].endswith(_NAMES):
                yield Dump(item["file_url"].removeprefix("file://"), _opener(item))
    except Exception as error:
        causes = _chain(error)
        if any(isinstance(one, MissingDependencyException | ImportError) for one in causes):
            raise DependencyMissingError(
                'Reading from S3 needs the libraries of the extra "s3".'
            ) from error
        if isinstance(error, ConfigurationException | OSError) or "://" in path:
            told = type(causes[-1]).__name__
            raise DumpUnreachableError(f"{path} cannot be listed ({told}).") from error
        raise


def _opener(item: Any) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, item.open(mode="rb", compression="disable"))


def _buffered(raw: Any) -> io.BufferedReader:
    # What a broken archive still gave in the read that fails is lost, so reads are short.
    return io.BufferedReader(raw, buffer_size=16 * 1024)


def _chain(error: BaseException) -> list[BaseException]:
    found = [error]
    while (cause := found[-1].__cause__ or found[-1].__context__) is not None:
        found.append(cause)
    return found
