"""Simulated Teams workflows that post what their webhooks receive; repeats too."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request

_TRIGGER: Final = re.compile(
    r"^/teams/workflows/(?P<flow>[\w-]+)/triggers/manual(?:/paths/invoke)?$"
)
_LARGEST: Final = 28 * 1024
_CARD: Final = "application/vnd.microsoft.card.adaptive"


class Teams:
    """Any number of workflows; one whose id starts with "gone" was deleted."""

    name = "teams"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._messages: list[dict[str, Any]] = []

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith("/teams/")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every card that was posted, oldest first."""
        return {"messages": self._messages}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        try:
            flow = _authorised(request)
            cards = _cards(request)
        except RefusedError as refused:
            return refused.answer
        self._messages += [{"flow": flow, "card": card} for card in cards]
        return Answer(202, None)

    def expired(self) -> Answer:
        """The answer to a signature that is not valid any more."""
        return _error(401, "AuthorizationFailed")

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return _error(status, "WorkflowTriggerRequestRateLimit" if status == 429 else "Failed")


def _authorised(request: Request) -> str:
    found = _TRIGGER.match(request.path)
    if not found or found["flow"].startswith("gone"):
        raise RefusedError(_error(404, "WorkflowNotFound"))
    signature = request.query.get("sig", "")
    if not signature or signature.startswith(("invalid", "expired")):
        raise RefusedError(_error(401, "DirectApiAuthorizationRequired"))
    return found["flow"]


def _cards(request: Request) -> list[dict[str, Any]]:
    if len(request.body) > _LARGEST:
        raise RefusedError(_error(413, "RequestEntityTooLarge"))
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    attached = body.get("attachments") if isinstance(body, dict) else None
    cards = [
        item["content"]
        for item in (attached if isinstance(attached, list) else [])
        if isinstance(item, dict)
        and item.get("contentType") == _CARD
        and isinstance(item.get("content"), dict)
        and item["content"].get("type") == "AdaptiveCard"
    ]
    if request.spoil_item or not cards:
        raise RefusedError(_error(400, "TriggerInputSchemaMismatch"))
    return cards


def _error(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": "The request was not accepted."}})
