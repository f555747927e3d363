"""A pull as its asset shows it: figures, a table, and one error for all that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbt_project.catalogue import entry
from orchestration.errors import PullFailedError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from ingestion.pulls import Days, StreamReport

__all__ = ["PullFailedError", "Told", "pull", "ready"]

_COLUMNS = ("kind", "read", "new", "dropped by webhook", "requests", "seconds", "code")


@dataclass(frozen=True, slots=True)
class Told:
    """`figures` of all kinds together, and a Markdown table of each."""

    figures: Mapping[str, int | float]
    table: str


def ready(settings: Settings) -> list[str]:
    """The sources that are on and have their credentials."""
    from orchestration.pulls import run as pulls

    return [each.name for each in pulls.configured(settings)]


def pull(settings: Settings, name: str, *, days: Days | None = None) -> Told:
    """Pull one source, or only what it tells of these days. Raises PullNotConfiguredError, and
    PullFailedError when anything of it could not be read."""
    from orchestration.pulls import run as pulls

    return tell(pulls.pull(settings, [name], days=days))


def tell(reports: Sequence[StreamReport]) -> Told:
    """What the reports of a pull say. Raises PullFailedError."""
    figures: dict[str, int | float] = {
        "objects read": sum(each.read for each in reports),
        "new": sum(each.new for each in reports),
        "dropped by webhook": sum(each.dropped for each in reports),
        "requests": sum(each.requests for each in reports),
        "seconds": round(sum(each.seconds for each in reports), 3),
    }
    told = Told(figures, _table(reports))
    failed = [each for each in reports if each.code]
    if failed:
        first = failed[0]
        code = first.code or PullFailedError.code
        kinds = ", ".join(each.kind for each in failed)
        text = f"{first.source}: {kinds} could not be read. {first.message}"
        raise PullFailedError(text, told, first_code=code, remedy=entry(code).remedy)
    return told


def _table(reports: Sequence[StreamReport]) -> str:
    lines = [_COLUMNS, ("---",) * len(_COLUMNS)]
    for each in reports:
        counts = (each.read, each.new, each.dropped, each.requests, each.seconds)
        lines.append((each.kind, *map(str, counts), each.code or ""))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
