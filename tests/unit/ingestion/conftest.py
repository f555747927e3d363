from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.event_log import EventLog, NewEvent

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "log" / "events.db"


@pytest.fixture
def log(log_file: Path) -> Iterator[EventLog]:
    opened = EventLog.open(f"sqlite:///{log_file}")
    yield opened
    opened.close()


@pytest.fixture
def event() -> type[EventFactory]:
    return EventFactory


class EventFactory:
    """Makes events that differ in what matters to the test."""

    @staticmethod
    def make(key: str = "k", body: bytes = b"{}", **changes: object) -> NewEvent:
        fields: dict[str, object] = {
            "source": "typeform",
            "event_key": key,
            "kind": "webhook",
            "received_at": NOW,
            "body": body,
            "headers": {"content-type": "application/json"},
            "correlation_id": "c-1",
        }
        return NewEvent(**{**fields, **changes})  # type: ignore[arg-type]
