"""`millrace restore`: put a backup in place; nothing that is there is destroyed."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.backup import aside, databases, facts, manifest, places
from orchestration.backup.make import check_positions
from orchestration.backup.manifest import Manifest
from orchestration.errors import RestoreRefusedError
from orchestration.settings import Settings
from reverse_etl.ledger.migrations import require_known
from reverse_etl.ledger.restored import distrust

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """`read_back`: deliveries that are asked about before they are sent; `kept_in`: where what was
    there before is now."""

    manifest: Manifest
    read_back: int
    kept_in: Path | None


def restore(
    settings: Settings, folder: Path, *, now: datetime, progress: Progress, force: bool = False
) -> Restored:
    """Check the backup, then put it where the settings say; no other process may be at work.

    Raises BackupInvalidError, RestoreRefusedError, LedgerNewerError.
    """
    places.require_outside(settings, folder)
    progress("Checking the backup")
    told = manifest.read(folder)
    manifest.verify(folder, told)
    _check(settings, folder, told)
    _require_room(settings, force=force)
    kept = _set_aside(settings, now) if force else None
    progress("Putting the databases in place")
    for name, url in places.urls(settings).items():
        databases.load(url, folder / places.dump_name(name, databases.kind(url)))
    progress("Putting the files in place")
    for source, target in _targets(settings, folder, told):
        databases.place(source, target)
    read_back = distrust(settings.ledger_url, who=getpass.getuser(), now=now)
    return Restored(told, read_back, kept)


def _check(settings: Settings, folder: Path, told: Manifest) -> None:
    """The kinds of databases fit the settings, and the positions each other: as the files say, not
    only the manifest."""
    described = {places.LEDGER: told.ledger, places.LOG: told.log}
    for name, url in places.urls(settings).items():
        if described[name]["kind"] != databases.kind(url):
            raise RestoreRefusedError(
                f"The {name} of the backup is {described[name]['kind']}, the settings name"
                f" {databases.kind(url)}.",
                remedy="Set MILLRACE_LOG_URL and MILLRACE_LEDGER_URL as they were at the backup.",
            )
    log, ledger = (
        _read(folder, places.LOG, told.log, facts.of_log),
        _read(folder, places.LEDGER, told.ledger, facts.of_ledger),
    )
    check_positions(log, ledger)
    require_known(ledger["version"])
    databases.require_tools(places.urls(settings))


def _read(folder: Path, name: str, described: Any, read: databases.Read) -> Any:
    if described["kind"] != "sqlite":
        return described  # only the server could tell
    return databases.read_copy(folder / places.dump_name(name, "sqlite"), read)


def _require_room(settings: Settings, *, force: bool) -> None:
    used = [path.name for path in places.sqlite_files(settings) if databases.in_use(path)]
    if used:
        raise RestoreRefusedError(f"A Millrace process has {', '.join(used)} open.")
    if force:
        return
    there = [path for path in _there(settings) if path.exists()]
    if there:
        raise RestoreRefusedError(f"{there[0]} is there already.")
    for url in places.urls(settings).values():
        if databases.kind(url) == "postgresql" and databases.has_rows(url):
            raise RestoreRefusedError("The database holds events or deliveries already.")


def _there(settings: Settings) -> list[Path]:
    """What would be lost or mixed up: everything in the home, and databases outside of it."""
    home = list(settings.home.iterdir()) if settings.home.is_dir() else []
    return [*home, *places.stores(settings)]


def _set_aside(settings: Settings, now: datetime) -> Path | None:
    """Move all that is there into one folder of the home, which may be a mount point itself."""
    there = [path for path in dict.fromkeys(_there(settings)) if path.exists()]
    moved = [path for path in there if not aside.is_aside(path.relative_to(path.parent))]
    if not moved:
        return None
    folder = aside.folder(settings, now)
    folder.mkdir(parents=True, mode=0o700)
    for path in moved:
        inside = path.is_relative_to(settings.home)
        path.rename(folder / path.name if inside else aside.beside(path, folder))
    return folder


def _targets(settings: Settings, folder: Path, told: Manifest) -> list[tuple[Path, Path]]:
    """Files of the backup and where they belong; databases have been put in place already. What is
    there by now stands outside of the home (MILLRACE_SOURCES_FILE), and stays."""
    homes = {
        **places.files(settings),
        **places.warehouse_files(settings),
        places.ARCHIVE: settings.archive,
    }
    found = []
    for name in told.files:
        head, _, rest = name.partition("/")
        if head in homes:
            found.append((folder / name, homes[head] / rest if rest else homes[head]))
    return [(source, target) for source, target in found if not target.exists()]
