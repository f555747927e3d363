"""Looking for a person in the bytes of every file, and masking them in files of text."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ingestion.event_log.needles import Needles
from orchestration.settings import Settings

_CHUNK: Final = 16 * 1024 * 1024
_TEXT_SUFFIXES: Final = frozenset(
    {".log", ".json", ".jsonl", ".txt", ".md", ".html", ".yaml", ".out", ".err"}
)


def every_file(settings: Settings, others: Iterable[Path]) -> Iterator[Path]:
    """All files of the installation: below its home, and databases that were moved elsewhere."""
    seen: set[Path] = set()
    for path in (*settings.home.rglob("*"), *others):
        if path.is_file() and not path.is_symlink() and path not in seen:
            seen.add(path)
            yield path


def holds(path: Path, forms: Sequence[bytes]) -> bool:
    """Whether any of these texts (lower case) stands anywhere in a file, whatever the case."""
    overlap = max(map(len, forms), default=1) - 1
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            window = (tail + chunk).lower()
            if any(form in window for form in forms):
                return True
            tail = window[len(window) - overlap :] if overlap else b""
    return False


def mask(path: Path, needles: Needles) -> bool:
    """Mask the person in a file of text, in place, byte for byte: whoever writes to it goes on.

    Returns whether it was such a file.
    """
    if path.suffix not in _TEXT_SUFFIXES or not path.stat().st_size:
        return False
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        for start, end in needles.places(content):
            content[start:end] = needles.masked(content[start:end])
        content.flush()
    return True
