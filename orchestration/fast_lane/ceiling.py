"""How much memory the fast lane's process takes, and what it does when that is too much.

What is free goes back to the system first, then engines go, those used longest ago first. Where
that does not help, the process ends after the batch in hand and another takes its place: what has
grown in it for days is gone then.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

import pyarrow as pa
import structlog

_log = structlog.get_logger("millrace.fast_lane")

_BESIDE_MB: Final = 256  # Python and the models, before the first slice: 245 were measured
_YOUNG_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 60.0
_STATUS: Final = Path("/proc/self/status")


class Discarding(Protocol):
    """Something that can do with less."""

    def discard_one(self) -> bool:
        """Free the part used longest ago; False when nothing is left that could be missed."""


def for_duckdb(megabytes: int) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's settings where the whole process may take so much. What does not fit fails: rows of
    people never go to a temporary file."""
    return {"memory_limit": f"{megabytes - _BESIDE_MB}MiB", "temp_directory": ""}


class Ceiling:
    """Of one process, from its start on."""

    def __init__(
        self,
        megabytes: int,
        *,
        resident: Callable[[], int] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`resident`: megabytes that the process has in memory now."""
        self._megabytes = megabytes
        self._resident = resident or resident_mb
        self._clock = clock
        self._since = clock()
        self._again = self._since
        self._is_too_low = False

    def keeps(self, engines: Discarding) -> bool:
        """Whether the process may go on. Where it takes too much from its start on another one
        would too: then it goes on, and looks again in a minute."""
        before = self._resident()
        if before <= self._megabytes:
            self._is_too_low = False
            return True
        if self._clock() < self._again:
            return True
        discarded = self._shrink(engines)
        is_over = self._is_over()
        if is_over and self._clock() - self._since < _YOUNG_SECONDS:
            self._is_too_low = True
        if self._is_too_low:
            self._again = self._clock() + _AGAIN_SECONDS
        ends = is_over and not self._is_too_low
        _log.warning(
            "lane_memory",
            code="LANE_MEMORY",
            megabytes=before,
            megabytes_left=self._resident(),
            ceiling=self._megabytes,
            engines_discarded=discarded,
            ends=ends,
        )
        return not ends

    def _shrink(self, engines: Discarding) -> int:
        give_back()
        discarded = 0
        while self._is_over() and engines.discard_one():
            discarded += 1
            give_back()
        return discarded

    def _is_over(self) -> bool:
        return self._resident() > self._megabytes


def resident_mb() -> int:
    """Of this process now; 0 where the system does not tell, which no ceiling is under."""
    if not _STATUS.exists():
        return 0
    lines = _STATUS.read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) // 1024


def give_back() -> None:
    """What was freed stays with the process otherwise, a third of it after a large slice."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
