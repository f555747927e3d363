"""The event log: every event received, once, in order of arrival, for ever."""

from ingestion.event_log.arrivals import Arrival
from ingestion.event_log.committer import GroupCommitter, Sink
from ingestion.event_log.log import EventLog
from ingestion.event_log.model import (
    Appended,
    CounterKey,
    Kind,
    LogCount,
    LoggedEvent,
    NewEvent,
)

__all__ = [
    "Appended",
    "Arrival",
    "CounterKey",
    "EventLog",
    "GroupCommitter",
    "Kind",
    "LogCount",
    "LoggedEvent",
    "NewEvent",
    "Sink",
]
