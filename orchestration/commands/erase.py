"""`millrace erase`: take one person out of everything, and prove it."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from orchestration.commands.output import (
    JsonOption,
    out,
    print_json,
    reports_errors,
    steps,
    table,
)
from orchestration.errors import ErasureUnconfirmedError
from orchestration.settings import load_settings


@reports_errors
def erase(
    who: Annotated[str, typer.Argument(help="An e-mail address or a person id.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what there is.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    by: Annotated[str | None, typer.Option(help="Who asks for it; you by default.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a person from the event log, its archive, the warehouse, the ledger and all files.

    Events keep place, key and time, so that nothing comes back or is counted anew; their content
    is gone. Events of other people only lose the mention. A salted hash of what the person was
    known by stays in the log: should they come back, consent for every purpose is withdrawn until
    they grant it themselves. Finds and finishes an erasure that was interrupted.

    What destinations hold is theirs to erase: do so there too (HubSpot: GDPR delete). Backups and
    files that were loaded with `log append` are yours.
    """
    from orchestration.erasure import run as erasure

    settings = load_settings()
    request = erasure.Request(who.strip(), by or getpass.getuser())
    progress = steps(as_json)
    if dry_run:
        told = erasure.preview(settings, request, progress=progress)
        print_json(told) if as_json else _tell("Would be erased", told)
        return
    if not yes:
        _confirm(who, as_json)
    told = erasure.erase(settings, request, clock=lambda: datetime.now(UTC), progress=progress)
    print_json(told) if as_json else _tell("Erased", told)


def _confirm(who: str, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise ErasureUnconfirmedError("Nobody confirmed the erasure.")
    if not typer.confirm(f"Erase {who} for ever?", err=True):
        raise ErasureUnconfirmedError("The erasure was not confirmed; nothing was done.")


def _tell(title: str, told: Mapping[str, Any]) -> None:
    rows = [(name, value) for name, value in told.items() if not isinstance(value, (dict, list))]
    rows += list(told.get("counts", {}).items())
    out.print(table(title, ("what", "how many"), rows))
    for note in told.get("notes", ()):
        out.print(note)
