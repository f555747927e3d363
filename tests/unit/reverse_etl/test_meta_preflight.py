"""Meta's rules for an event, checked before sending."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reverse_etl.connectors.http import Response
from reverse_etl.connectors.meta.connector import read
from reverse_etl.connectors.meta.preflight import refusal
from reverse_etl.model import Kind
from reverse_etl.testing import NOON

HASH = "a" * 64
CRM = {"custom_data": {"event_source": "crm", "lead_event_source": "HubSpot"}}
PAGE = {"action_source": "website", "event_source_url": "https://www.example.com/demo"}
BROWSER = {"em": [HASH], "client_user_agent": "Mozilla/5.0"}
LIMITED = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


def event(**changes):
    good = {
        "event_name": "Purchase",
        "event_time": int(NOON.timestamp()) - 60,
        "event_id": "e1",
        "action_source": "system_generated",
        "user_data": {"em": [HASH]},
    }
    return {**good, **changes}


def code(**changes):
    outcome = refusal(event(**changes), NOON)
    return outcome.code if outcome else None


def ago(**span):
    return int((NOON - timedelta(**span)).timestamp())


def test_a_good_event_passes():
    """Nothing is wrong with an event that Meta would take."""
    assert code() is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"event_time": ago(days=7, seconds=1)}, "EXPIRED"),
        ({"event_time": ago(days=8), "action_source": "physical_store"}, None),
        ({"event_time": ago(days=63), "action_source": "physical_store"}, "EXPIRED"),
        ({"event_time": ago(seconds=-5)}, "META_EVENT_IN_FUTURE"),
        ({"event_time": "yesterday"}, "META_FIELD_MISSING"),
        ({"event_id": ""}, "META_FIELD_MISSING"),
        ({"action_source": "telepathy"}, "META_ACTION_SOURCE_UNKNOWN"),
        ({"user_data": {}}, "META_MATCH_KEYS_MISSING"),
        ({"user_data": {"em": []}}, "META_MATCH_KEYS_MISSING"),
        ({"user_data": {"fn": [HASH], "ge": [HASH]}}, "META_MATCH_KEYS_TOO_BROAD"),
        ({"user_data": {"ct": [HASH], "country": [HASH]}}, "META_MATCH_KEYS_TOO_BROAD"),
        ({"user_data": {"fn": [HASH], "ln": [HASH]}}, None),
        ({"user_data": {"em": ["ada@example.com"]}}, "META_NOT_HASHED"),
        ({"user_data": {"lead_id": 123}}, "META_LEAD_ID_INVALID"),
        ({"user_data": {"lead_id": 123456789012345}, **CRM}, None),
        ({"user_data": {"lead_id": 123456789012345}}, "META_LEAD_EVENT_INVALID"),
        (
            {"user_data": {"lead_id": 123456789012345}, "custom_data": {"event_source": "crm"}},
            "META_FIELD_MISSING",
        ),
        ({**PAGE, "user_data": BROWSER}, None),
        ({"action_source": "website", "user_data": BROWSER}, "META_FIELD_MISSING"),
        (PAGE, "META_FIELD_MISSING"),
        ({**LIMITED}, None),
        ({"data_processing_options": []}, None),
        ({**LIMITED, "data_processing_options": ["ldu"]}, "META_PROCESSING_INVALID"),
        ({**LIMITED, "data_processing_options_state": "CA"}, "META_PROCESSING_INVALID"),
        ({"data_processing_options": ["LDU"]}, "META_PROCESSING_INVALID"),
    ],
)
def test_each_rule_has_its_code(changes, expected):
    """An event that Meta would refuse gets a code of its own, and no value in the message."""
    assert code(**changes) == expected


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": 100}, Kind.REFUSED),
        (400, {"code": 190}, Kind.AUTHENTICATION),
        (403, {"code": 200}, Kind.AUTHENTICATION),
        (400, {"code": 4}, Kind.RETRYABLE),
        (400, {"code": 17}, Kind.RETRYABLE),
        (400, {"code": 613}, Kind.RETRYABLE),
        (400, {"code": 80004}, Kind.RETRYABLE),
        (500, {"code": 2}, Kind.RETRYABLE),
        (503, {}, Kind.RETRYABLE),
        (400, {"code": 999, "is_transient": True}, Kind.RETRYABLE),
    ],
)
def test_each_error_code_has_its_class(status, error, kind):
    """Meta's error code decides before the HTTP status does."""
    assert read(Response(status, {"error": error}, None), sent=1).kind is kind


def test_an_unconfirmed_number_of_events_is_unknown():
    """Fewer events received than sent is not taken for success."""
    assert read(Response(200, {"events_received": 1}, None), sent=2).kind is Kind.UNKNOWN
