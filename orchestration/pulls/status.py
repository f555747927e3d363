"""What the last pulls did, for `millrace status`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ingestion.event_log import EventLog
from ingestion.pulls.state import PullState
from orchestration.settings import Settings


def told(settings: Settings, log: EventLog, now: datetime) -> list[dict[str, Any]]:
    """The last pull of each kind of object, and how many changes webhooks did not tell of in a
    day; empty when nothing is pulled."""
    if not settings.pulls:
        return []
    state = PullState(log)
    dropped = state.dropped(since=now - timedelta(days=1))
    return [
        {
            "source": each.source,
            "kind": each.kind,
            "account": each.account,
            "pulled_at": each.started_at.isoformat(),
            "read": each.read,
            "new": each.new,
            "dropped_in_24_hours": dropped.get((each.source, each.kind), 0),
            "code": each.code,
            "message": each.message,
        }
        for each in state.last_runs()
        if each.source in settings.pulls
    ]
