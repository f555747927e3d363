"""What an erasure has to do, on disk until it is done: a run that was killed goes on from here.

The file names the person, so it is readable by its owner only and goes last.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from orchestration.settings import Settings

_FOLDER: Final = "erasures"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about one erasure. ``decision`` is the body of the event that proves it, as soon
    as that was written: a second one must be the same."""

    erasure_id: str
    who: str
    requested_by: str
    started_at: datetime
    salt: str
    persons: tuple[str, ...]
    spellings: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    whole: tuple[int, ...]
    mentions: tuple[int, ...]
    counts: dict[str, int]
    decision: str | None = None

    def hashes(self) -> list[str]:
        """What is left of the identifiers; int_suppressions hashes in the same way."""
        return sorted({hashed(self.salt, field, value) for field, value in self.identifiers})

    def is_about(self, who: str) -> bool:
        return who in (self.who, *self.persons, *self.spellings)


def hashed(salt: str, field: str, value: str) -> str:
    """SHA-256 of salt, field and value, joined by colons, as hex."""
    return hashlib.sha256(f"{salt}:{field}:{value}".encode()).hexdigest()


def folder(settings: Settings) -> Path:
    """Where proofs are kept, and plans until they are carried out."""
    return settings.home / _FOLDER


def save(settings: Settings, plan: Plan) -> None:
    """Write the plan, durably, in the place of an older one."""
    path = _path(settings, plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(".next")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(orjson.dumps(asdict(plan)))
        file.flush()
        os.fsync(file.fileno())
    staged.rename(path)


def unfinished(settings: Settings) -> list[Plan]:
    """Plans that were not carried out to the end."""
    found = sorted((folder(settings) / "pending").glob("*.plan"))
    return [_read(orjson.loads(path.read_bytes())) for path in found]


def discard(settings: Settings, plan: Plan) -> None:
    """The plan is carried out: nothing of it stays."""
    path = _path(settings, plan)
    for file in (path, path.with_suffix(".next")):
        overwrite(file)
        file.unlink(missing_ok=True)


def overwrite(path: Path) -> None:
    """Put zeros in the place of a file's content, where there is one."""
    if path.exists():
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())


def _path(settings: Settings, plan: Plan) -> Path:
    return folder(settings) / "pending" / f"{plan.erasure_id}.plan"


def _read(told: dict[str, Any]) -> Plan:
    pairs = tuple((str(field), str(value)) for field, value in told["identifiers"])
    started = datetime.fromisoformat(told["started_at"])
    lists = {name: tuple(told[name]) for name in ("persons", "spellings", "whole", "mentions")}
    return Plan(**{**told, **lists, "identifiers": pairs, "started_at": started})
