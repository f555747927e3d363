"""What Google Analytics would silently throw away, found before sending. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.model import Kind, Outcome

_MOST_EVENTS: Final = 25
_MOST_PARAMS: Final = 25
_MOST_ITEMS: Final = 200
_LARGEST: Final = 130_000
_WINDOW: Final = timedelta(hours=72)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")
_PROPERTY_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}\Z")
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_PREFIXES: Final = ("firebase_", "ga_", "google_", "gtag.", "_")
_LONGEST_VALUE: Final = 100
_LONGEST_PROPERTY: Final = 36
_LONGER_VALUES: Final = {"page_location": 1_000, "page_referrer": 420, "page_title": 300}
_CONSENTS: Final = ("ad_user_data", "ad_personalization")
_NEEDED: Final = {"purchase": ("transaction_id", "value")}
_RESERVED_EVENTS: Final = frozenset({
    "ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure",
    "app_background", "app_clear_data", "app_exception", "app_remove", "app_store_refund",
    "app_store_subscription_cancel", "app_store_subscription_convert",
    "app_store_subscription_renew", "app_uninstall", "app_update", "app_upgrade",
    "dynamic_link_app_open", "dynamic_link_app_update", "dynamic_link_first_open", "error",
    "firebase_campaign", "first_open", "first_visit", "in_app_purchase", "notification_dismiss",
    "notification_foreground", "notification_open", "notification_receive", "os_update",
    "screen_view", "session_start", "user_engagement",
})  # fmt: skip
_RESERVED_PROPERTIES: Final = frozenset({
    "first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id",
})  # fmt: skip

Reason = tuple[str, str]


def refusal(body: Mapping[str, Any], size: int, now: datetime) -> Outcome | None:
    """Why Google would drop this request of so many bytes, or None. Never repeats a value."""
    for code, message in _reasons(body, size, now):
        return Outcome(Kind.PERMANENT, code, message)
    return None


def _reasons(body: Mapping[str, Any], size: int, now: datetime) -> Iterable[Reason]:
    if size >= _LARGEST:
        yield "GA4_TOO_LARGE", f"The request has {size} bytes; Google takes fewer than {_LARGEST}."
    if not isinstance(body.get("client_id"), str) or not body["client_id"].strip():
        yield "GA4_CLIENT_ID_MISSING", "The event has no client_id."
    yield from _consent(body.get("consent"))
    yield from _properties(body.get("user_properties"))
    events = body.get("events")
    if not isinstance(events, list) or not 0 < len(events) <= _MOST_EVENTS:
        yield "GA4_EVENT_INVALID", f"A request holds 1 to {_MOST_EVENTS} events."
        return
    for event in events:
        yield from _event(event if isinstance(event, Mapping) else {})
        own = event.get("timestamp_micros") if isinstance(event, Mapping) else None
        yield from _age(body.get("timestamp_micros") if own is None else own, now)


def _consent(consent: object) -> Iterable[Reason]:
    told = consent if isinstance(consent, Mapping) else {}
    if any(told.get(name) not in ("GRANTED", "DENIED") for name in _CONSENTS):
        yield "GA4_CONSENT_INVALID", "The consents for ads are told as GRANTED or DENIED."


def _properties(properties: object) -> Iterable[Reason]:
    told = properties if isinstance(properties, Mapping) else {}
    if len(told) > _MOST_PARAMS:
        yield "GA4_PARAMS_INVALID", f"There are more than {_MOST_PARAMS} user properties."
    for name, held in told.items():
        yield from _name(name, _PROPERTY_NAME, _RESERVED_PROPERTIES)
        value = held.get("value") if isinstance(held, Mapping) else None
        if isinstance(value, str) and len(value) > _LONGEST_PROPERTY:
            yield "GA4_PARAMS_INVALID", f"The user property {name} is too long."


def _event(event: Mapping[str, Any]) -> Iterable[Reason]:
    yield from _name(event.get("name"), _NAME, _RESERVED_EVENTS)
    params = event.get("params", {})
    if not isinstance(params, Mapping) or len(params) > _MOST_PARAMS:
        yield "GA4_PARAMS_INVALID", f"An event has at most {_MOST_PARAMS} parameters."
        return
    for name, value in params.items():
        yield from _name(name, _NAME, frozenset())
        if not _fits(name, value):
            yield "GA4_PARAMS_INVALID", f"The parameter {name} is too long, or of no usable kind."
    for name in _NEEDED.get(str(event.get("name")), ()):
        if params.get(name) in (None, ""):
            yield "GA4_PARAMS_INVALID", f"The event lacks {name}."
    if "value" in params and not _CURRENCY.match(str(params.get("currency"))):
        yield "GA4_CURRENCY_MISSING", "A value needs its currency, in three capital letters."


def _name(name: object, form: re.Pattern[str], reserved: frozenset[str]) -> Iterable[Reason]:
    if isinstance(name, str) and (name in reserved or name.startswith(_PREFIXES)):
        yield "GA4_NAME_RESERVED", "Google keeps the name of an event or parameter for itself."
    elif not isinstance(name, str) or not form.match(name):
        yield "GA4_NAME_INVALID", "A name is letters, digits and _, begins with a letter, is short."


def _fits(name: str, value: object) -> bool:
    if name == "items":
        return isinstance(value, list) and len(value) <= _MOST_ITEMS
    if isinstance(value, str):
        return len(value) <= _LONGER_VALUES.get(name, _LONGEST_VALUE)
    return isinstance(value, int | float)


def _age(micros: object, now: datetime) -> Iterable[Reason]:
    if not isinstance(micros, int) or isinstance(micros, bool):
        yield "GA4_TIME_INVALID", "The event has no timestamp_micros."
    elif micros > now.timestamp() * 1_000_000:
        yield "GA4_TIME_INVALID", "The event lies in the future."
    elif micros < (now - _WINDOW).timestamp() * 1_000_000:
        yield catalogue.EXPIRED, "Google takes events of the last 72 hours only."
