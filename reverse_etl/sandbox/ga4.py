"""A simulated Measurement Protocol: what is wrong is dropped without a word, unless it is asked
for at the address for debugging."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from reverse_etl.sandbox.answer import Answer, Request

_COLLECT: Final = "/mp/collect"
_NAME: Final = re.compile(r"^[A-Za-z]\w{0,39}$", re.ASCII)
_RESERVED: Final = re.compile(
    r"^(_|firebase_|ga_|google_|gtag\.|app_|ad_(click|query|reward|exposure|activeview)$"
    r"|adunit_exposure$|error$|first_(open|visit)$|in_app_purchase$|notification_|os_update$"
    r"|dynamic_link_|screen_view$|session_start$|user_engagement$)"
)
_CONSENTS: Final = ("ad_user_data", "ad_personalization")
_DAYS_3: Final = 3 * 86_400 * 1_000_000

Message = dict[str, str]


class Ga4:
    """Any number of streams; a secret that begins with "invalid" or "expired" is a wrong one."""

    name = "ga4"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._events: list[dict[str, Any]] = []
        self._dropped: list[dict[str, Any]] = []

    def owns(self, path: str) -> bool:
        """Whether a path is this vendor's."""
        return path.startswith(("/mp/", "/debug/mp/"))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Events that count, and requests that were dropped, with what was wrong with them."""
        return {"events": self._events, "dropped": self._dropped}

    def handle(self, request: Request) -> Answer:
        """Answer one request."""
        if request.method != "POST" or not request.path.endswith(_COLLECT):
            return self.failure(404)
        if request.spoil_item:  # a tagging server of one's own may refuse
            return self.failure(400)
        body = _read(request.body)
        messages = list(_problems(body, len(request.body), request.at))
        if request.path.startswith("/debug/"):
            return Answer(200, {"validationMessages": messages})
        if messages or not _authorised(request.query):
            self._dropped.append({"messages": messages, "client_id": body.get("client_id")})
            return Answer(204, None)
        stream = {"measurement_id": request.query["measurement_id"]}
        told = {name: value for name, value in body.items() if name != "events"}
        self._events += [{**stream, **told, **event} for event in body["events"]]
        return Answer(204, None)

    def expired(self) -> Answer:
        """How a tagging server refuses."""
        return self.failure(403)

    def failure(self, status: int) -> Answer:
        """The answer to a fault with this status."""
        return Answer(status, None)


def _read(content: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _authorised(query: Mapping[str, str]) -> bool:
    secret = query.get("api_secret", "")
    return bool(query.get("measurement_id") and secret) and not secret.startswith(
        ("invalid", "expired")
    )


def _problems(body: Mapping[str, Any], size: int, at: float) -> list[Message]:
    found: list[Message] = []
    if size >= 130_000:
        found.append(_message("", "VALUE_OUT_OF_BOUNDS", "The body is too large."))
    if not body.get("client_id"):
        found.append(_message("client_id", "VALUE_REQUIRED", "The client_id is required."))
    consent = body.get("consent") or {}
    if any(consent.get(name, "DENIED") not in ("GRANTED", "DENIED") for name in _CONSENTS):
        found.append(_message("consent", "VALUE_INVALID", "A consent is GRANTED or DENIED."))
    events = body.get("events")
    if not isinstance(events, list) or not events:
        return [*found, _message("events", "VALUE_REQUIRED", "There are no events.")]
    if len(events) > 25:
        found.append(_message("events", "EXCEEDED_MAX_ENTITIES", "There are over 25 events."))
    for number, event in enumerate(events):
        found += _event_problems(number, event if isinstance(event, dict) else {})
        micros = event.get("timestamp_micros", body.get("timestamp_micros", at * 1_000_000))
        if not at * 1_000_000 - _DAYS_3 <= micros <= at * 1_000_000:
            found.append(_message("timestamp_micros", "VALUE_INVALID", "The time is out of range."))
    return found


def _event_problems(number: int, event: Mapping[str, Any]) -> list[Message]:
    where, params = f"events[{number}]", event.get("params") or {}
    found = [_named(where, str(event.get("name") or ""), f"Event at index: [{number}]")]
    found += [_named(f"{where}.params", name, f"Parameter [{name}]") for name in params]
    if len(params) > 25:
        found.append(_message(where, "EXCEEDED_MAX_ENTITIES", "There are over 25 parameters."))
    for name, value in params.items():
        if isinstance(value, str) and len(value) > 100 and not name.startswith("page_"):
            found.append(_message(f"{where}.params", "VALUE_OUT_OF_BOUNDS", f"[{name}] is long."))
    if "value" in params and not re.match(r"^[A-Z]{3}$", str(params.get("currency"))):
        found.append(_message(f"{where}.params", "VALUE_REQUIRED", "A value needs a currency."))
    return [message for message in found if message]


def _named(where: str, name: str, what: str) -> Message:
    if _RESERVED.match(name):
        return _message(where, "NAME_RESERVED", f"{what} has name [{name}] which is reserved.")
    if not _NAME.match(name):
        return _message(where, "NAME_INVALID", f"{what} has invalid name [{name}].")
    return {}


def _message(path: str, code: str, description: str) -> Message:
    return {"fieldPath": path, "description": description, "validationCode": code}
