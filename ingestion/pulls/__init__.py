"""Pulls: what a vendor's API says, as events of the log, and what its webhooks left out."""

from ingestion.pulls.event import pulled_event
from ingestion.pulls.model import (
    Days,
    Found,
    Heard,
    Page,
    Permit,
    PullSource,
    Stream,
    StreamReport,
    Token,
    Window,
)

__all__ = [
    "Days",
    "Found",
    "Heard",
    "Page",
    "Permit",
    "PullSource",
    "Stream",
    "StreamReport",
    "Token",
    "Window",
    "pulled_event",
]
