"""A simulated receiver of Standard Webhooks: it verifies, and keeps every event, repeats too."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request

KEY: Final = b"sandbox-sandbox-sandbox-sandbox"
_TOLERANCE: Final = 300


class Webhook:
    """One receiver with one secret, at any address; one whose path ends in "gone" wants no more."""

    name = "webhook"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._events: list[dict[str, Any]] = []

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith("/hooks/")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every event received, in order, as text and read; a repeat is a second entry."""
        return {"events": self._events}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path.endswith("gone"):
            return self.failure(410)
        try:
            headers = _verified(request)
            body = _event(request)
        except RefusedError as refused:
            return refused.answer
        text = request.body.decode()
        self._events.append({"path": request.path, "headers": headers, "text": text, "body": body})
        return Answer(204, None)

    def expired(self) -> Answer:
        """The answer to a signature by a secret that is not known any more."""
        return self.failure(401)

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return Answer(status, {"error": "The event was not accepted."})


def _verified(request: Request) -> dict[str, str]:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    told = {name: request.headers.get(name, "") for name in names}
    message_id, seconds, signatures = told.values()
    content = f"{message_id}.{seconds}.".encode() + request.body
    digest = base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
    fresh = seconds.isdecimal() and abs(int(seconds) - request.at) <= _TOLERANCE
    if not message_id or not fresh or f"v1,{digest}" not in signatures.split():
        raise RefusedError(Answer(401, {"error": "No signature fits."}))
    return told


def _event(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    if request.spoil_item or not isinstance(body, dict) or not body.get("type"):
        raise RefusedError(Answer(400, {"error": "No event."}))
    return body
