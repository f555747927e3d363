"""A simulated Slack workspace: a few Web API methods, as slack_sdk calls them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from reverse_etl.sandbox.answer import Answer, RefusedError, Request

_METHOD: Final = re.compile(r"^/api/(?:api|auth|chat|conversations|users)\.[A-Za-z.]+$")
_CHANNEL: Final = re.compile(r"^[CGD][A-Z0-9]{7,}$")
_LONGEST: Final = 40_000
_TICK: Final = 0.000_001


class Slack:
    """One workspace, in which the bot is a member of every channel."""

    name = "slack"

    def __init__(self) -> None:
        self._methods: Mapping[str, Callable[[Request, Mapping[str, Any]], Answer]] = {
            "api.test": self._api_test,
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "conversations.history": self._history,
        }
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._messages: list[dict[str, Any]] = []
        self._latest = 0.0

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return bool(_METHOD.match(path))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every message, oldest first."""
        return {"messages": self._messages}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        method = self._methods.get(request.path.removeprefix("/api/"))
        try:
            arguments = _arguments(request)
            _authorise(request, arguments)
            return method(request, arguments) if method else _error("unknown_method")
        except RefusedError as refused:
            return refused.answer

    def expired(self) -> Answer:
        """The answer to an expired token."""
        return _error("token_expired")

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        if status == 429:
            return _error("ratelimited", status)
        return _error("internal_error" if status >= 500 else "invalid_arguments", status)

    def _api_test(self, _request: Request, arguments: Mapping[str, Any]) -> Answer:
        return Answer(200, {"ok": True, "args": dict(arguments)})

    def _auth_test(self, _request: Request, _arguments: Mapping[str, Any]) -> Answer:
        who = {"team": "Sandbox", "team_id": "T0SANDBOX0", "user": "millrace"}
        ids = {"user_id": "U0SANDBOX0", "bot_id": "B0SANDBOX0"}
        return Answer(200, {"ok": True, "url": "https://sandbox.slack.com/", **who, **ids})

    def _post(self, request: Request, arguments: Mapping[str, Any]) -> Answer:
        channel, text = _channel(arguments), str(arguments.get("text") or "")
        if request.spoil_item or len(text) > _LONGEST:
            raise RefusedError(_error("msg_too_long"))
        if not text and not arguments.get("blocks") and not arguments.get("attachments"):
            raise RefusedError(_error("no_text"))
        self._latest = max(request.at, self._latest + _TICK)
        ts = f"{self._latest:.6f}"
        told = {name: arguments[name] for name in ("blocks", "metadata") if name in arguments}
        message = {"type": "message", "text": text, "bot_id": "B0SANDBOX0", "ts": ts, **told}
        self._messages.append({**message, "channel": channel})
        return Answer(200, {"ok": True, "channel": channel, "ts": ts, "message": message})

    def _history(self, _request: Request, arguments: Mapping[str, Any]) -> Answer:
        channel, limit = _channel(arguments), min(int(arguments.get("limit") or 100), 999)
        oldest, latest = _time(arguments.get("oldest")), _time(arguments.get("latest"))
        found = [
            message
            for message in reversed(self._messages)
            if message["channel"] == channel
            and (oldest is None or float(message["ts"]) > oldest)
            and (latest is None or float(message["ts"]) < latest)
        ]
        start = _position(str(arguments.get("cursor") or ""))
        page, more = found[start : start + limit], len(found) > start + limit
        shown = [
            _shown(each, metadata=_is_true(arguments, "include_all_metadata")) for each in page
        ]
        answer: dict[str, Any] = {"ok": True, "messages": shown, "has_more": more}
        if more:
            answer["response_metadata"] = {"next_cursor": _cursor(start + limit)}
        return Answer(200, answer)


def _shown(message: Mapping[str, Any], *, metadata: bool) -> dict[str, Any]:
    hidden = {"channel"} if metadata else {"channel", "metadata"}
    return {name: value for name, value in message.items() if name not in hidden}


def _arguments(request: Request) -> dict[str, Any]:
    if "json" in request.headers.get("content-type", "") and request.body:
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise RefusedError(_error("invalid_json"))
        return {**request.query, **body}
    fields = parse_qs(request.body.decode("utf-8", "replace"))
    return {**request.query, **{name: values[0] for name, values in fields.items()}}


def _authorise(request: Request, arguments: Mapping[str, Any]) -> None:
    header = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    token = header or str(arguments.get("token") or "")
    if not token:
        raise RefusedError(_error("not_authed"))
    if token.startswith("invalid"):
        raise RefusedError(_error("invalid_auth"))
    if token.startswith("expired"):
        raise RefusedError(_error("token_expired"))


def _channel(arguments: Mapping[str, Any]) -> str:
    channel = str(arguments.get("channel") or "")
    if not _CHANNEL.match(channel):
        raise RefusedError(_error("channel_not_found"))
    return channel


def _time(value: object) -> float | None:
    try:
        return float(str(value)) if value else None
    except ValueError:
        raise RefusedError(_error("invalid_ts_oldest")) from None


def _is_true(arguments: Mapping[str, Any], name: str) -> bool:
    return str(arguments.get(name)).lower() in ("true", "1")


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:")) if cursor else 0
    except (binascii.Error, ValueError):
        raise RefusedError(_error("invalid_cursor")) from None


def _error(word: str, status: int = 200) -> Answer:
    return Answer(status, {"ok": False, "error": word})
