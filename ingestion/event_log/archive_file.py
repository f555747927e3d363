"""One file of the archive: events as Parquet, compressed, written once and checked before use.

A file holds whole events, not bodies alone, so that it can be read without the log.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from ingestion.errors import ArchiveMismatchError, ArchiveUnavailableError
from ingestion.event_log.archive_reader import Content
from ingestion.event_log.erased import content_hash
from ingestion.event_log.model import body_hash

_SCHEMA: Final = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("event_key", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("received_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("headers", pa.string(), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
        pa.field("body_hash", pa.string(), nullable=False),
        pa.field("correlation_id", pa.string(), nullable=False),
        pa.field("historical", pa.bool_(), nullable=False),
    ]
)
_CONTENT: Final = ["position", "headers", "body"]
# Of columns that repeat themselves; a dictionary of bodies would only be built and thrown away.
_DICTIONARY: Final = ["source", "kind", "headers"]


class Proof(NamedTuple):
    """What the content of an event must hash to."""

    headers: str
    body: str


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file that is on disk, and was read back."""

    name: str
    positions: Sequence[int]
    size: int


@contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Turn what the disk or the format says into our error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "it is damaged"
        raise ArchiveUnavailableError(f"{name} in the archive: {reason}.") from error
    except pa.ArrowException as error:
        raise ArchiveUnavailableError(f"{name} in the archive: it is damaged.") from error


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep others from writing to the archive: whoever removes what no row names must know that
    nobody is about to let a row name it. Waits for its turn."""
    with archive_errors("The lock"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f".{folder.name}.lock")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_file(folder: Path, groups: Iterable[Sequence[Any]]) -> ArchivedFile:
    """Write rows of the log, one row group for each group, in order of position.

    The file takes its name when all of it is on disk and was read back as it should be. Raises
    ArchiveMismatchError or ArchiveUnavailableError, and leaves nothing behind then.
    """
    temporary = folder / f".{uuid4().hex}.tmp"
    with archive_errors("A new file"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            proofs = _write(temporary, groups)
            verify(temporary, proofs)
            name = _name(proofs)
            temporary.rename(folder / name)
            _sync(folder)
            return ArchivedFile(name, list(proofs), (folder / name).stat().st_size)
        finally:
            temporary.unlink(missing_ok=True)


def verify(path: Path, proofs: Mapping[int, Proof]) -> None:
    """Read a file back; raises ArchiveMismatchError when an event is missing or is another."""
    file = ParquetContents(path)
    read = chain.from_iterable(file.group(number).items() for number in range(file.groups))
    found = {
        position: Proof(_digest(content.headers), body_hash(content.body))
        for position, content in read
    }
    wrong = [position for position in proofs if found.get(position) != proofs[position]]
    if wrong or len(found) != len(proofs):
        raise ArchiveMismatchError(
            f"{len(wrong)} events differ, the first at position {wrong[:1]}."
        )


class ParquetContents:
    """Headers and bodies of one file, by position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._metadata = pq.read_metadata(path)
        self._last = [self._last_position(number) for number in range(self.groups)]

    @property
    def groups(self) -> int:
        """How many row groups there are."""
        return int(self._metadata.num_row_groups)

    def group_of(self, position: int) -> int:
        """The only row group that may hold ``position``; ``groups`` when none does."""
        return bisect_left(self._last, position)

    def group(self, number: int) -> dict[int, Content]:
        """One row group, decoded."""
        with pq.ParquetFile(
            self._path, metadata=self._metadata, page_checksum_verification=True
        ) as file:
            table = file.read_row_group(number, columns=_CONTENT)
        positions, headers, bodies = (table[name].to_pylist() for name in _CONTENT)
        return dict(zip(positions, map(Content, headers, bodies), strict=True))

    def _last_position(self, number: int) -> int:
        return int(self._metadata.row_group(number).column(0).statistics.max)


def _write(path: Path, groups: Iterable[Sequence[Any]]) -> dict[int, Proof]:
    proofs: dict[int, Proof] = {}
    with path.open("wb") as file:
        with pq.ParquetWriter(
            file,
            _SCHEMA,
            compression="zstd",
            use_dictionary=_DICTIONARY,
            write_statistics=["position", "received_at"],
            write_page_checksum=True,
        ) as writer:
            for rows in groups:
                writer.write_table(_table(rows), row_group_size=len(rows))
                proofs |= {row.position: _proof(row) for row in rows}
        file.flush()
        os.fsync(file.fileno())
    return proofs


def _proof(row: Any) -> Proof:
    return Proof(_digest(row.headers), content_hash(row.body_hash, row.body))


def _table(rows: Sequence[Any]) -> pa.Table:
    columns = ([getattr(row, field.name) for row in rows] for field in _SCHEMA)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )


def _name(proofs: Mapping[int, Proof]) -> str:
    """The same events give the same name, others never do: a file is only replaced by its equal."""
    digest = hashlib.sha256()
    for position, proof in proofs.items():
        digest.update(f"{position} {proof.headers} {proof.body}\n".encode())
    positions = list(proofs)
    return f"{positions[0]:012d}-{positions[-1]:012d}-{digest.hexdigest()[:16]}.parquet"


def _digest(headers: str) -> str:
    return hashlib.sha256(headers.encode()).hexdigest()


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
