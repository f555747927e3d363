"""Bring what an older release left to what this one needs, before anything else is started.

Every process does so for what it opens. To do it in a step of its own shows what goes wrong while
nobody waits, and lets the roles that serve live without the right to change tables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ingestion.api.database import make_tables
from orchestration import connections, dagster_home
from orchestration.dbt import ensure_manifest
from orchestration.settings import Settings
from reverse_etl.ledger.migrations import HEAD


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Versions that hold now, and Dagster's home."""

    millrace: str
    ledger: str
    dagster_home: Path


def upgrade(settings: Settings, *, progress: Callable[[str], None]) -> Upgraded:
    """May be repeated at will. Raises LedgerNewerError or LogNewerError, changing nothing, where a
    newer release was here."""
    progress("Event log")
    with closing(connections.event_log(settings)) as log:
        make_tables(log.engines[1])
    progress("Ledger")
    connections.ledger(settings).close()
    progress("Dagster's storage")
    # It tells its steps on the standard output, where a program expects our answer.
    with dagster_home.instance(settings) as instance, redirect_stdout(sys.stderr):
        instance.upgrade()
    progress("Models (dbt)")
    ensure_manifest(settings)
    return Upgraded(metadata.version("millrace"), HEAD, settings.dagster_home)
