"""An erasure from the Dagster UI, whose runs keep configuration, logs and errors: none of them may
name the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestration.erasure import run as erasure
from orchestration.errors import (
    NotFoundError,
    OrchestrationError,
    PersonInConfigError,
    SettingError,
)
from orchestration.settings import Settings

FOLDER: Final = "erasure_requests"
SHOWN: Final = ("erasure_id", "started_at", "finished_at", "files_searched", "files_masked")


def erase(
    settings: Settings,
    *,
    person_id: str,
    ref: str,
    requested_by: str,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Erase by id, or by what the file `ref` holds, which is removed; what may be shown of the
    proof. Raises PersonInConfigError, SettingError, or what `erasure.erase` raises, in words that
    do not name the person."""
    if "@" in person_id or "@" in ref:
        raise PersonInConfigError("An e-mail address in the configuration would be kept there.")
    if bool(person_id) == bool(ref):
        raise SettingError("Nobody is named, or twice.", remedy="Give either person_id or ref.")
    who = person_id or _taken(settings.home / FOLDER, ref)
    try:
        proof = erasure.erase(
            settings,
            erasure.Request(who, requested_by),
            clock=lambda: datetime.now(UTC),
            progress=progress,
        )
    except OrchestrationError as error:
        message = str(error).replace(who, "that name")
        raise type(error)(message, remedy=error.remedy) from None
    return {**{name: proof[name] for name in SHOWN if name in proof}, **proof.get("counts", {})}


def _taken(folder: Path, ref: str) -> str:
    """The text of a file in this folder, and of no other; the file is gone afterwards."""
    file = folder / Path(ref).name
    try:
        who = file.read_text(encoding="utf-8").strip()
    except OSError:
        raise NotFoundError(f"There is no file {file.name} in {folder}.") from None
    file.unlink()
    return who
