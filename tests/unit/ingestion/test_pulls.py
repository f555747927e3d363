"""Objects read from APIs become events that are stored once for each version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from ingestion.event_log.model import NewEvent
from ingestion.pulls import pulled_event
from ingestion.sandbox import pulls

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
CONTACT = pulls.hubspot_record(7, {"email": "ada@example.com"}, AT)
INSIGHT = pulls.meta_insight("2026-03-01", "c-1", "9.50")


def event(source: str, kind: str, content: dict[str, Any], at: datetime = AT) -> NewEvent:
    return pulled_event(source, kind, content, account="62515", pulled_at=at, correlation_id="c")


@pytest.mark.parametrize(
    ("source", "kind", "content", "key"),
    [
        ("hubspot", "contact", CONTACT, "pull:contact:62515:7:2026-03-01T12:00:00.000000Z"),
        (
            "hubspot",
            "email_event",
            pulls.hubspot_email_event("OPEN", "ada@example.com", AT, event_id="e-1"),
            "pull:email_event:62515:e-1:1772366400000",
        ),
        (
            "salesforce",
            "Lead",
            pulls.salesforce_record("Lead", "00Q5g000000LEAD", AT),
            "pull:Lead:62515:00Q5g000000LEAD:2026-03-01T12:00:00.000+0000",
        ),
        (
            "meta",
            "lead",
            pulls.meta_lead("1", AT, {}),
            "pull:lead:62515:1:2026-03-01T12:00:00+0000",
        ),
    ],
)
def test_a_version_is_stored_once(
    source: str, kind: str, content: dict[str, Any], key: str
) -> None:
    """The key names the object and when it changed; pulled again it is the same, byte for byte."""
    first, second = event(source, kind, content), event(source, kind, content, LATER)
    assert (key, "pull") == (first.event_key, first.kind)
    assert (first.event_key, first.body) == (second.event_key, second.body)
    assert {"pulled": kind, "account": "62515", "object": content} == orjson.loads(first.body)


@pytest.mark.parametrize(
    ("source", "kind", "content"),
    [("meta", "ad_insight", INSIGHT), ("stripe", "customer", {"id": "cus_1"})],
)
def test_what_tells_no_age_is_told_when_read(
    source: str, kind: str, content: dict[str, Any]
) -> None:
    """Each reading is a version of its own, so that a value may also change back."""
    first, second = event(source, kind, content), event(source, kind, content, LATER)
    assert first.event_key != second.event_key
    assert "2026-03-01T13:00:00.000+00:00" == orjson.loads(second.body)["pulled_at"]


def test_an_object_without_an_id_is_keyed_by_its_content() -> None:
    """It is stored, to be quarantined by its contract."""
    first, second = event("hubspot", "deal", {}), event("hubspot", "deal", {"id": None})
    assert 64 == len(first.event_key)
    assert first.event_key != second.event_key
