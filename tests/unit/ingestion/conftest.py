from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.asgi import SECRETS, Gateway

from ingestion.event_log import EventLog, NewEvent
from ingestion.gateway.config import GatewayConfig
from ingestion.sandbox import webhooks as sandbox
from ingestion.sandbox.webhooks import SignedWebhook

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "log" / "events.db"


@pytest.fixture(params=["sqlite", "postgres"])
def each_database(request: pytest.FixtureRequest, log_file: Path) -> str:
    """The URL of an empty log: a test that uses it runs on SQLite and on PostgreSQL."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{log_file}"


@pytest.fixture
def log(log_file: Path) -> Iterator[EventLog]:
    opened = EventLog.open(f"sqlite:///{log_file}")
    yield opened
    opened.close()


@pytest.fixture
def make(log: EventLog, now: datetime) -> Callable[..., Gateway]:
    """Makes a gateway with other settings than usual."""

    def factory(log: Any = log, **settings: Any) -> Gateway:
        return Gateway(log, now, GatewayConfig(**{"secrets": SECRETS, **settings}))

    return factory


@pytest.fixture
def gateway(make: Callable[..., Gateway]) -> Gateway:
    return make()


@pytest.fixture
def response(now: datetime) -> Callable[..., SignedWebhook]:
    """Makes a Typeform response of Ada's."""

    def factory(event_id: str = "01HX", secret: str = SECRETS["typeform"][0]) -> SignedWebhook:
        answers = sandbox.typeform_answers(email="ada@example.com", first_name="Ada")
        return sandbox.typeform_response(answers, now, event_id=event_id, secret=secret)

    return factory


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
