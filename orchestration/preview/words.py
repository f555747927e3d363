"""What dbt says when a build fails, without what may be somebody's.

dbt repeats the database's words. Those on names and syntax are shown as they are; others (a value
that cannot be cast, a key that repeats) may quote a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_KIND: Final = re.compile(r"\b((?:[A-Z][a-z]+ ){1,4})Error\b")
_HARMLESS: Final = frozenset(
    {"Binder", "Catalog", "Parser", "Syntax", "Compilation", "Parsing", "Runtime", "Database"}
)
_FAILURES: Final = ("error", "fail", "runtime error")
_SHOWN: Final = 5
_LENGTH: Final = 1_500


def of(results: Path, output: str) -> str:
    """A sentence with dbt's words: those of its results, else of its output."""
    failed = list(_failed(results))
    if failed:
        more = f" (and {len(failed) - _SHOWN} more)" if len(failed) > _SHOWN else ""
        return f"{len(failed)} of the changed models or tests failed{more}: " + "; ".join(
            failed[:_SHOWN]
        )
    return f"dbt cannot read the changed project: {harmless(_last_error(output))}"


def warned(results: Path) -> tuple[str, ...]:
    """Data tests that rows break without failing the build, as `name: how many`."""
    told = json.loads(results.read_bytes())["results"]
    return tuple(sorted(_told(each) for each in told if each["status"] == "warn"))


def harmless(message: str) -> str:
    """The message, or only what kind of error it is."""
    kinds = {found.strip() for found in _KIND.findall(message)}
    unsafe = sorted(kinds - _HARMLESS)
    if unsafe:
        return (
            f"{unsafe[0]} Error; its words may quote a row and are not repeated"
            " (`dbt build --target dev` shows them)"
        )
    return " ".join(message.split())[:_LENGTH]


def _failed(results: Path) -> Iterator[str]:
    if not results.exists():
        return
    for result in json.loads(results.read_bytes())["results"]:
        if result["status"] in _FAILURES:
            yield _told(result)


def _told(result: dict[str, Any]) -> str:
    name = result["unique_id"].split(".")[2]
    return f"{name}: {harmless(result['message'] or 'no message')}"


def _last_error(output: str) -> str:
    """From the line where dbt names what it encountered on; without times of the log."""
    lines = [re.sub(r"^\d\d:\d\d:\d\d\s+", "", line).strip() for line in output.splitlines()]
    told = [line for line in lines if line and not line.startswith("Encountered an error")]
    return " ".join(told) or "no message"
