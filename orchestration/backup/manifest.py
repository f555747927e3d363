"""What a backup holds: written last, so that a folder without it is no backup."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from orchestration.errors import BackupInvalidError

NAME: Final = "manifest.json"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its size in bytes and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`log` and `ledger` tell of the two databases (`kind`: sqlite or postgresql; positions,
    versions, counts); `published` what the read copy held; `files` is by path in the backup."""

    format: int
    millrace: str
    made_at: datetime
    log: Mapping[str, Any]
    ledger: Mapping[str, Any]
    published: Mapping[str, Any] | None
    files: Mapping[str, Entry]


def write(folder: Path, manifest: Manifest) -> None:
    told = json.dumps(asdict(manifest), default=str, indent=2)
    (folder / NAME).write_text(told + "\n")


def read(folder: Path) -> Manifest:
    """Raises BackupInvalidError when there is none, or one that this version cannot read."""
    try:
        told = json.loads((folder / NAME).read_text())
        if told["format"] > FORMAT:
            raise BackupInvalidError(
                f"{folder.name} was made by Millrace {told['millrace']}, which is newer than this.",
                remedy="Restore it with that version.",
            )
        return Manifest(
            **told
            | {
                "made_at": datetime.fromisoformat(told["made_at"]),
                "files": {name: Entry(**entry) for name, entry in told["files"].items()},
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupInvalidError(f"{folder} holds no finished backup.") from error


def entries(folder: Path) -> dict[str, Entry]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): _entry(path) for path in files_in(folder)}


def files_in(folder: Path) -> Iterator[Path]:
    """In a stable order, without the manifest itself."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / NAME:
            yield path


def verify(folder: Path, manifest: Manifest) -> None:
    """Raise BackupInvalidError unless every file is there, as it was made."""
    wrong = [name for name, entry in manifest.files.items() if not _is(folder / name, entry)]
    if wrong:
        raise BackupInvalidError(f"{len(wrong)} files are missing or changed, first {wrong[0]}.")


def _is(path: Path, entry: Entry) -> bool:
    return path.is_file() and path.stat().st_size == entry.bytes and _entry(path) == entry


def _entry(path: Path) -> Entry:
    with path.open("rb") as file:
        return Entry(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
