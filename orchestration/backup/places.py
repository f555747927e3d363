"""Where what is backed up stands, here and in a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestration.backup import databases
from orchestration.errors import BackupError
from orchestration.incremental.run import built_manifest
from orchestration.settings import Settings

LEDGER: Final = "ledger"
LOG: Final = "event_log"
ARCHIVE: Final = "archive"
WAREHOUSE: Final = "warehouse.duckdb"
BUILT: Final = "built.json"


def urls(settings: Settings) -> dict[str, str]:
    """The databases, in the order in which they are copied; see the package for why."""
    return {LEDGER: settings.ledger_url, LOG: settings.log_url}


def dump_name(name: str, kind: str) -> str:
    """The file of a database in a backup."""
    return f"{name}.sqlite" if kind == "sqlite" else f"{name}.pgdump"


def files(settings: Settings) -> dict[str, Path]:
    """Name in a backup → a file or folder that nothing computes again."""
    sources = settings.sources_file or settings.home / "sources.toml"
    return {
        "sources.toml": sources,
        "scorecards": settings.scorecards,
        "identity": settings.identity_proposals.parent,
        "erasures": settings.home / "erasures",
    }


def warehouse_files(settings: Settings) -> dict[str, Path]:
    """The warehouse, and the SQL that made its tables: without it the next build is a full one."""
    return {WAREHOUSE: settings.warehouse, BUILT: built_manifest(settings)}


def stores(settings: Settings) -> list[Path]:
    """Files that a restore replaces and that may stand outside of the home."""
    log = settings.warehouse.with_name(f"{settings.warehouse.name}.wal")
    return [*sqlite_files(settings), settings.warehouse, log]


def sqlite_files(settings: Settings) -> list[Path]:
    """Where embedded databases are."""
    found = urls(settings).values()
    return [databases.file_of(url) for url in found if databases.kind(url) == "sqlite"]


def require_outside(settings: Settings, folder: Path) -> None:
    """A backup inside what it shall replace is lost with it."""
    if folder.resolve().is_relative_to(settings.home):
        raise BackupError(f"{folder} is inside MILLRACE_HOME and would be lost with it.")
