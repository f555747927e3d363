"""Open the event log, the ledger and the connectors that the settings describe."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from ingestion.event_log import EventLog
from orchestration.errors import SettingError
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger

_POSTGRES_PORT: Final = 5432


def event_log(settings: Settings) -> EventLog:
    _make_folder(settings.log_url)
    return EventLog.open(settings.log_url, settings.archive)


def ledger(settings: Settings) -> Ledger:
    _require_own_databases(settings)
    _make_folder(settings.ledger_url)
    return Ledger.open(settings.ledger_url)


def _require_own_databases(settings: Settings) -> None:
    """Log, ledger and Dagster have tables of the same names."""
    places = [_place(url) for url in (settings.log_url, settings.ledger_url, settings.dagster_url)]
    named = [place for place in places if place is not None]
    if len(set(named)) < len(named):
        raise SettingError(
            "Two of MILLRACE_LOG_URL, MILLRACE_LEDGER_URL and MILLRACE_DAGSTER_URL name the same"
            " database.",
            remedy="Give each a database of its own; one server may hold all three.",
        )


def _place(url: str) -> tuple[object, ...] | None:
    if not url:
        return None
    parsed = make_url(url)
    host = parsed.host or parsed.query.get("host")
    return host, parsed.port or _POSTGRES_PORT, parsed.database


def _make_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"The folder {folder} cannot be made: {error.strerror}.",
                remedy="Point MILLRACE_HOME at a folder that may be written to.",
            ) from None
