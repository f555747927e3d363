"""What the last check said, kept beside the publication that it is about."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson

from orchestration import warehouse
from orchestration.errors import LaneParityError, OrchestrationError
from orchestration.lane_parity.outcome import Parity
from orchestration.settings import Settings

Told = dict[str, Any]

_COLUMNS: Final = ("model", "what", "column", "person_id", "published", "made")


def last(settings: Settings) -> Told | None:
    """What the last check said; None before the first."""
    if not settings.lane_parity.exists():
        return None
    told: Told = orjson.loads(settings.lane_parity.read_bytes())
    return told


def as_dict(parity: Parity) -> Told:
    """For programs: what was compared, whether it is the same (then `code` is null), what not."""
    told = asdict(parity)
    compared = told.pop("compared")
    passed = parity.compared.passed
    return {"passed": passed, "code": None if passed else LaneParityError.code, **told, **compared}


def disagreement(parity: Parity) -> LaneParityError:
    """The error that tells of the first difference."""
    found, first = parity.compared.found, parity.compared.differences[0]
    where = f"{first.model}.{first.column}" if first.column else f"a row of {first.model}"
    return LaneParityError(
        f"The lanes disagree {found:,} times, first on {where} of person {first.person_id}."
    )


def markdown(parity: Parity) -> str:
    """A table for the Dagster UI: where the lanes disagree, and whose rows these are."""
    compared = parity.compared
    if compared.passed:
        return f"{compared.rows:,} rows of {compared.people:,} people are the same in both lanes."
    rows = (
        " | ".join(str(getattr(each, name) or "") for name in _COLUMNS)
        for each in compared.differences
    )
    lines = [" | ".join(_COLUMNS), "|".join(["---"] * len(_COLUMNS)), *rows]
    return "\n".join(f"| {line} |" for line in lines)


def write(settings: Settings, parity: Parity) -> None:
    """Keep it in the place of the one before."""
    _write(settings, as_dict(parity))


def write_failure(settings: Settings, error: OrchestrationError, *, now: datetime) -> None:
    """Keep what prevented a comparison."""
    published = warehouse.publication(settings.published)
    told = {
        "passed": False,
        "code": error.code,
        "message": str(error),
        "checked_at": now,
        "published_at": published.published_at if published else None,
        "log_position": published.log_position if published else 0,
    }
    _write(settings, told)


def _write(settings: Settings, told: Told) -> None:
    """Replace the file at once."""
    file = settings.lane_parity
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_suffix(".next")
    staged.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    staged.replace(file)
