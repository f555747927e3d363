"""`millrace backup` and `millrace restore`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.backup.manifest import Manifest
from orchestration.commands.output import (
    JsonOption,
    out,
    print_json,
    reports_errors,
    steps,
    table,
)
from orchestration.settings import load_settings


@reports_errors
def backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder outside MILLRACE_HOME.")],
    with_warehouse: Annotated[
        bool, typer.Option("--warehouse", help="The warehouse too; the log can rebuild it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy event log, ledger, archive and files, consistently, while everything goes on.

    Secrets are not in it, personal data are: keep it as safe as the originals. PostgreSQL needs
    pg_dump on the PATH.
    """
    from orchestration.backup.make import backup as make

    made = make(
        load_settings(),
        folder,
        now=datetime.now(UTC),
        progress=steps(as_json),
        with_warehouse=with_warehouse,
    )
    told = _as_dict(made)
    print_json(told) if as_json else out.print(
        table("Backed up", ("what", "how much"), _rows(told))
    )


@reports_errors
def restore(
    folder: Annotated[Path, typer.Argument(help="What `millrace backup` made.")],
    force: Annotated[
        bool, typer.Option("--force", help="What is there is set aside; PostgreSQL is replaced.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in place, in an empty MILLRACE_HOME; stop every other process before.

    What may have been sent after the backup is read back before it is sent. Then `millrace run
    --full` rebuilds the warehouse. Erasures after the backup have to be repeated.
    """
    from orchestration.backup import aside
    from orchestration.backup.restore import restore as put

    settings = load_settings()
    done = put(settings, folder, now=datetime.now(UTC), progress=steps(as_json), force=force)
    told = _as_dict(done.manifest) | {
        "read_back": done.read_back,
        "kept_in": done.kept_in and str(done.kept_in),
    }
    if as_json:
        print_json(told)
        return
    out.print(table("Restored", ("what", "how much"), _rows(told)))
    out.print("Now `millrace run --full` rebuilds the warehouse from the log.")
    if kept := aside.kept(settings):
        out.print(
            "What was there before holds personal data, and no erasure is complete while it is"
            " kept. When nothing of it is missed:"
        )
        out.print(aside.removal(kept), soft_wrap=True)


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    sizes = [entry.bytes for entry in manifest.files.values()]
    told = asdict(manifest)
    del told["files"]
    return told | {"files": len(sizes), "bytes": sum(sizes)}


def _rows(told: dict[str, Any]) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("made at", f"{told['made_at']:%Y-%m-%d %H:%M:%S} UTC"),
        ("events", f"{told['log']['events']:,}, the last at position {told['log']['head']:,}"),
        ("ledger acted on", told["ledger"]["acted_on"]),
        ("files", f"{told['files']} of {told['bytes'] / 1_000_000:,.1f} MB"),
    ]
    rows += [(f"deliveries {state}", n) for state, n in told["ledger"]["deliveries"].items()]
    rows += [
        (name.replace("_", " "), told[name]) for name in ("read_back", "kept_in") if name in told
    ]
    return rows
