"""What `millrace restore --force` set aside, until somebody removes it: it holds personal data, and
no erasure is complete before it is gone."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from orchestration.backup import places
from orchestration.settings import Settings

_PREFIX: Final = "before-restore-"


def folder(settings: Settings, now: datetime) -> Path:
    """Where a restore moves the home of before: into the home, which may be a mount point."""
    return settings.home / f"{_PREFIX}{now:%Y%m%dT%H%M%S}"


def beside(path: Path, folder: Path) -> Path:
    """The name of a file that stands outside of the home, maybe on another disk."""
    return path.with_name(f"{path.name}.{folder.name}")


def is_aside(path: Path) -> bool:
    """Whether a restore made this folder or file."""
    return any(part.startswith(_PREFIX) or f".{_PREFIX}" in part for part in path.parts)


def kept(settings: Settings) -> list[Path]:
    """All that restores set aside: folders in the home, files beside those that stand elsewhere."""
    outside = [
        found
        for path in places.stores(settings)
        for found in path.parent.glob(f"{path.name}.{_PREFIX}*")
    ]
    return sorted({*settings.home.glob(f"{_PREFIX}*"), *outside})


def removal(paths: Sequence[Path]) -> str:
    """The command that removes it for good."""
    return shlex.join(["rm", "-r", *map(str, paths)])
