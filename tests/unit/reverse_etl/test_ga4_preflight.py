"""Rules of Google Analytics that its own check does not name, or names otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.connectors.ga4.preflight import refusal
from reverse_etl.testing import NOON

MICROS = int(NOON.timestamp()) * 1_000_000


def code(size=100, **changes):
    body = {
        "client_id": "1.2",
        "timestamp_micros": MICROS,
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "events": [{"name": "generate_lead", "params": {"lead_source": "ads"}}],
        **changes,
    }
    outcome = refusal(body, size, NOON)
    return outcome.code if outcome else None


def event(name="generate_lead", params=None, **more):
    return {"events": [{"name": name, "params": params or {}, **more}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"size": 129_999}, None),
        ({"size": 130_000}, "GA4_TOO_LARGE"),
        ({"client_id": 12}, "GA4_CLIENT_ID_MISSING"),
        ({"client_id": " "}, "GA4_CLIENT_ID_MISSING"),
        ({"consent": None}, "GA4_CONSENT_INVALID"),
        ({"events": "generate_lead"}, "GA4_EVENT_INVALID"),
        ({"events": ["generate_lead"]}, "GA4_NAME_INVALID"),
        ({"timestamp_micros": None}, "GA4_TIME_INVALID"),
        ({"timestamp_micros": MICROS + 1}, "GA4_TIME_INVALID"),
        ({"timestamp_micros": MICROS - 72 * 3_600_000_000}, None),
        ({"timestamp_micros": MICROS - 72 * 3_600_000_000 - 1}, "EXPIRED"),
        (event(timestamp_micros=1), "EXPIRED"),
        (event("generate_lead\n"), "GA4_NAME_INVALID"),
        (event("führung"), "GA4_NAME_INVALID"),
        (event("_hidden"), "GA4_NAME_RESERVED"),
        (event("google_x"), "GA4_NAME_RESERVED"),
        (event("in_app_purchase"), "GA4_NAME_RESERVED"),
        (event(params={"firebase_conversion": 1}), "GA4_NAME_RESERVED"),
        (event(params={"a": {"nested": 1}}), "GA4_PARAMS_INVALID"),
        (event(params={"a": None}), "GA4_PARAMS_INVALID"),
        (event(params={"items": [{"item_id": "1"}]}), None),
        (event(params={"items": [{}] * 201}), "GA4_PARAMS_INVALID"),
        (event(params={"page_title": "x" * 300}), None),
        (event(params={"page_title": "x" * 301}), "GA4_PARAMS_INVALID"),
        (event(params={"value": 1}), "GA4_CURRENCY_MISSING"),
        (event("purchase", {"value": 0, "currency": "EUR"}), "GA4_PARAMS_INVALID"),
        (event("purchase", {"value": 0, "currency": "EUR", "transaction_id": "t"}), None),
        ({"user_properties": {"tier": {"value": "gold"}}}, None),
        ({"user_properties": {"x" * 25: {"value": 1}}}, "GA4_NAME_INVALID"),
        ({"user_properties": {"tier": {"value": "x" * 37}}}, "GA4_PARAMS_INVALID"),
        ({"user_properties": {"user_id": {"value": 1}}}, "GA4_NAME_RESERVED"),
        ({"user_properties": {f"p{n}": {"value": 1} for n in range(26)}}, "GA4_PARAMS_INVALID"),
    ],
)
def test_each_rule_has_its_code(changes, expected):
    """What Google would drop gets a code of its own."""
    assert expected == code(**changes)


def test_no_value_is_repeated():
    """The message names the parameter, never what it holds."""
    body = {
        "client_id": "1.2",
        "timestamp_micros": int((NOON - timedelta(hours=1)).timestamp()) * 1_000_000,
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        **event(params={"note": "ada@example.com" * 10}),
    }
    assert "The parameter note is too long, or of no usable kind." == refusal(body, 9, NOON).message
