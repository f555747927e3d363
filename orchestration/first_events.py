"""Sources that are configured and have never sent anything: a crack that leads fall through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingestion import expected
from ingestion.event_log import EventLog
from ingestion.expected import Way
from orchestration.settings import Settings, webhook_secrets

WITHIN: Final = timedelta(days=3)
"""A source that is switched on before a weekend may send on the Monday."""

SOURCE_NEVER_SENT: Final = "SOURCE_NEVER_SENT"
_HOW: Final = {"webhook": "its webhook secret is set", "pull": "its API is pulled"}


@dataclass(frozen=True, slots=True)
class Awaited:
    """No event has come this way since it was first seen configured."""

    way: Way
    since: datetime

    @property
    def name(self) -> str:
        """The source, by its webhooks if nothing else is said."""
        return self.way.source + (" (pull)" if self.way.kind == "pull" else "")

    def is_overdue(self, now: datetime) -> bool:
        return now - self.since > WITHIN

    @property
    def told(self) -> str:
        how = _HOW[self.way.kind]
        return f"{how}, seen first on {self.since:%Y-%m-%d %H:%M} UTC, and nothing has come"


def awaited(settings: Settings, log: EventLog, now: datetime) -> Sequence[Awaited]:
    """Ways that are configured and on which nothing has ever come; new ones are noted as of now.

    Raises LogUnavailableError.
    """
    since = expected.since(log, configured(settings), now)
    return [
        Awaited(way, at)
        for way, at in since.items()
        if not log.received_at(way.source, way.kind, most=1)
    ]


def configured(settings: Settings) -> set[Way]:
    """Webhooks of the sources with a signing secret (Salesforce: a certificate), and the APIs that
    are pulled."""
    signed = {*webhook_secrets(), *(["salesforce"] if settings.salesforce_certificates else [])}
    return {Way(name, "webhook") for name in signed} | {
        Way(name, "pull") for name in settings.pulls
    }
