"""Open the event log, the ledger and the connectors that the settings describe."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url

from ingestion.event_log import EventLog
from orchestration.settings import Settings
from reverse_etl.ledger import Ledger


def event_log(settings: Settings) -> EventLog:
    _make_folder(settings.log_url)
    return EventLog.open(settings.log_url)


def ledger(settings: Settings) -> Ledger:
    _make_folder(settings.ledger_url)
    return Ledger.open(settings.ledger_url)


def _make_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
