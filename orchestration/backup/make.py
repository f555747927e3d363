"""`millrace backup`: copy what cannot be computed again, while everything goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ingestion.event_log.archive_file import held
from orchestration import warehouse
from orchestration.backup import databases, facts, manifest, places
from orchestration.backup.manifest import Manifest
from orchestration.errors import BackupError, BackupInvalidError, WarehouseCorruptError
from orchestration.settings import Settings

Progress = Callable[[str], None]


def backup(
    settings: Settings,
    folder: Path,
    *,
    now: datetime,
    progress: Progress,
    with_warehouse: bool = False,
) -> Manifest:
    """Copy into a folder that is new or empty; it has its name only when all of it is on disk.

    Raises BackupError, WarehouseError or what databases raise.
    """
    places.require_outside(settings, folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is there already and not empty.")
    databases.require_tools(places.urls(settings))
    staged = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True, mode=0o700)  # it holds personal data
        made = _copy(settings, staged, now, progress, with_warehouse=with_warehouse)
        progress("Writing everything to disk")
        _sync(staged)
        staged.replace(folder)  # over an empty folder too
    except OSError as error:
        raise BackupError(f"{folder.name} could not be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return made


def check_positions(log: Mapping[str, Any], ledger: Mapping[str, Any]) -> None:
    """Raise BackupInvalidError where the ledger acted on events that the log does not hold: new
    ones would take their positions and be passed over."""
    if ledger["acted_on"] > log["head"]:
        raise BackupInvalidError(
            f"The ledger acted on event {ledger['acted_on']:,}, the log ends at {log['head']:,}."
        )


def _copy(
    settings: Settings, folder: Path, now: datetime, progress: Progress, *, with_warehouse: bool
) -> Manifest:
    if with_warehouse:
        progress("Copying the warehouse")
        _warehouse(settings, folder)
    progress("Copying the ledger")
    ledger = _database(folder, places.LEDGER, settings.ledger_url, facts.of_ledger)
    with held(settings.archive):
        progress("Copying the event log")
        log = _database(folder, places.LOG, settings.log_url, facts.of_log)
        check_positions(log, ledger)
        progress("Copying the archive and files")
        _archive(settings, folder, log["archived"])
    for name, source in places.files(settings).items():
        _file(source, folder / name)
    published = _published(settings)
    told = Manifest(
        format=manifest.FORMAT,
        millrace=metadata.version("millrace"),
        made_at=now,
        log=log,
        ledger=ledger,
        published=None if published is None else asdict(published),
        files=manifest.entries(folder),
    )
    manifest.write(folder, told)
    return told


def _database(folder: Path, name: str, url: str, read: databases.Read) -> dict[str, Any]:
    kind = databases.kind(url)
    return {"kind": kind, **databases.dump(url, folder / places.dump_name(name, kind), read)}


def _published(settings: Settings) -> warehouse.Publication | None:
    """What readers saw; a damaged note about it, which a batch writes anew, stops no backup."""
    try:
        return warehouse.publication(settings.published)
    except WarehouseCorruptError:
        return None


def _archive(settings: Settings, folder: Path, names: list[str]) -> None:
    target = folder / places.ARCHIVE
    for name in names:
        if not (settings.archive / name).is_file():
            raise BackupError(
                f"{name} is missing in the archive, and events of the log are only there.",
                remedy="Restore the file from an older backup first.",
            )
        _file(settings.archive / name, target / name)


def _warehouse(settings: Settings, folder: Path) -> None:
    with warehouse.exclusive(settings.warehouse):
        with warehouse.connect(settings.warehouse, read_only=False) as connection:
            connection.execute("checkpoint")
        for name, source in places.warehouse_files(settings).items():
            _file(source, folder / name)


def _file(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _sync(folder: Path) -> None:
    for path in (*manifest.files_in(folder), folder / manifest.NAME):
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
