"""Slack: one event a request, keyed by ``event_id``. First Slack asks for an echo."""

from __future__ import annotations

import orjson

from ingestion.signatures import SLACK, SignedRequest
from ingestion.webhooks.base import Reply, WebhookSource
from ingestion.webhooks.single import by_field, document

_ASKS = "url_verification"

split = by_field("event_id")


def echo(request: SignedRequest) -> Reply | None:
    """The challenge of a ``url_verification``, None for an event."""
    if _ASKS.encode() not in request.body:  # spares every event the reading
        return None
    asked = document(request.body)
    challenge = asked.get("challenge")
    if asked.get("type") != _ASKS or not isinstance(challenge, str):
        return None
    return Reply(orjson.dumps({"challenge": challenge}))


SOURCE = WebhookSource(
    "slack", SLACK, split, frozenset({SLACK.header}), echo=echo, occurred_at=("event_time",)
)
