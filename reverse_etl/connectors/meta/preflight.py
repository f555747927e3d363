"""What Meta would refuse, found before sending: one bad event fails a whole request. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.model import Kind, Outcome

_ACTION_SOURCES: Final = {
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
}
_WINDOW: Final = timedelta(days=7)
_STORE_WINDOW: Final = timedelta(days=62)
_LEAD_ID: Final = re.compile(r"^\d{15,17}$")
_HASHED: Final = {"em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country"}
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
_ALONE_TOO_BROAD: Final = (
    {"ct", "country", "st", "zp", "ge", "client_user_agent"},
    {"db", "client_user_agent"},
    {"fn", "ge"},
    {"ln", "ge"},
)


def refusal(event: Mapping[str, Any], now: datetime) -> Outcome | None:
    """Why Meta would refuse this event, or None. Never repeats a value."""
    code, message = _reason(event, now)
    return Outcome(Kind.PERMANENT, code, message) if code else None


def _reason(event: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    user = event.get("user_data")
    return (
        _fields(event)
        or _age(event, now)
        or _user(user)
        or _website(event, user)
        or _lead(event, user)
        or _processing(event)
        or ("", "")
    )


def _fields(event: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in ("event_name", "event_id", "action_source"):
        if not isinstance(event.get(name), str) or not event[name]:
            return "META_FIELD_MISSING", f"The event has no {name}."
    if event["action_source"] not in _ACTION_SOURCES:
        return "META_ACTION_SOURCE_UNKNOWN", "Meta does not know this action_source."
    return None


def _age(event: Mapping[str, Any], now: datetime) -> tuple[str, str] | None:
    seconds = event.get("event_time")
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return "META_FIELD_MISSING", "The event has no event_time in whole seconds."
    if seconds > now.timestamp():
        return "META_EVENT_IN_FUTURE", "The event_time lies in the future."
    window = _STORE_WINDOW if event["action_source"] == "physical_store" else _WINDOW
    if seconds < (now - window).timestamp():
        return catalogue.EXPIRED, f"Meta takes events of the last {window.days} days only."
    return None


def _user(user: object) -> tuple[str, str] | None:
    keys = {name for name, value in user.items() if value} if isinstance(user, Mapping) else set()
    if not isinstance(user, Mapping) or not keys:
        return "META_MATCH_KEYS_MISSING", "The event has nothing to match a person by."
    if any(keys <= broad for broad in _ALONE_TOO_BROAD):
        return "META_MATCH_KEYS_TOO_BROAD", "These match keys alone are refused as too broad."
    if "lead_id" in keys and not _LEAD_ID.match(str(user["lead_id"])):
        return "META_LEAD_ID_INVALID", "A lead_id has 15 to 17 digits."
    for name in sorted(keys & _HASHED):
        values = user[name] if isinstance(user[name], list) else [user[name]]
        if not all(_SHA256.match(str(value)) for value in values):
            return "META_NOT_HASHED", f"{name} must be hashed before it leaves (law 10)."
    return None


def _website(event: Mapping[str, Any], user: Any) -> tuple[str, str] | None:
    """Meta takes what happened on a website only with the page and the browser."""
    if event["action_source"] != "website":
        return None
    if not event.get("event_source_url"):
        return "META_FIELD_MISSING", "An event of a website has no event_source_url."
    if not user.get("client_user_agent"):
        return "META_FIELD_MISSING", "An event of a website has no client_user_agent."
    return None


def _lead(event: Mapping[str, Any], user: Any) -> tuple[str, str] | None:
    """What is known of a lead of a lead ad comes from a CRM, which is named."""
    if not user.get("lead_id"):
        return None
    custom = event.get("custom_data")
    told = custom if isinstance(custom, Mapping) else {}
    if event["action_source"] != "system_generated" or told.get("event_source") != "crm":
        return "META_LEAD_EVENT_INVALID", "An event of a lead is not marked as a CRM's."
    if not told.get("lead_event_source"):
        return "META_FIELD_MISSING", "An event of a lead has no lead_event_source."
    return None


def _processing(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Limited data use is wanted in one way only: a mistake there would lift the limit."""
    options = event.get("data_processing_options")
    if options is None or options == []:
        return None
    places = [event.get(f"data_processing_options_{place}") for place in ("country", "state")]
    if options == ["LDU"] and all(type(place) is int for place in places):
        return None
    return "META_PROCESSING_INVALID", "data_processing_options are not as Meta wants them."
