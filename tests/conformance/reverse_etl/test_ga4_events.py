"""Google Analytics: what leaves, what is kept at home, and that its secret is not told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from delivery_lab import laboratory
from ga4_cases import purchase, settings
from structlog.testing import capture_logs

from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import serving


@pytest.fixture(scope="module")
def server():
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def lab(server, tmp_path):
    with laboratory(server, tmp_path) as lab:
        yield lab


def _checked(lab, row):
    """What the address for debugging says of a payload."""
    answer = httpx.post(f"{lab.url}/debug/mp/collect?measurement_id=G-1", content=row.payload)
    return [message["validationCode"] for message in answer.raise_for_status().json().popitem()[1]]


def test_an_event_arrives_with_client_user_and_consent(lab):
    """The stream is named in the address; Google's own check has nothing to say."""
    row = purchase(1)
    assert [] == _checked(lab, row)
    lab.put(row)
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    [event] = lab.objects("ga4", "events")
    assert ("G-1234567890", "1.1700000000", "person-1", "GRANTED", "purchase") == (
        event["measurement_id"],
        event["client_id"],
        event["user_id"],
        event["consent"]["ad_user_data"],
        event["name"],
    )


BAD = [
    ({"body": {"client_id": ""}}, "GA4_CLIENT_ID_MISSING", "VALUE_REQUIRED"),
    ({"body": {"events": []}}, "GA4_EVENT_INVALID", "VALUE_REQUIRED"),
    ({"body": {"events": [{"name": "a"}] * 26}}, "GA4_EVENT_INVALID", "EXCEEDED_MAX_ENTITIES"),
    ({"body": {"events": [{"name": "1st"}]}}, "GA4_NAME_INVALID", "NAME_INVALID"),
    ({"body": {"events": [{"name": "x" * 41}]}}, "GA4_NAME_INVALID", "NAME_INVALID"),
    ({"body": {"events": [{"name": "session_start"}]}}, "GA4_NAME_RESERVED", "NAME_RESERVED"),
    ({"params": {"ga_x": 1}}, "GA4_NAME_RESERVED", "NAME_RESERVED"),
    ({"params": {"a b": 1}}, "GA4_NAME_INVALID", "NAME_INVALID"),
    (
        {"params": {f"p{n}": n for n in range(23)}},
        "GA4_PARAMS_INVALID",
        "EXCEEDED_MAX_ENTITIES",
    ),
    ({"params": {"note": "x" * 101}}, "GA4_PARAMS_INVALID", "VALUE_OUT_OF_BOUNDS"),
    ({"params": {"currency": "euro"}}, "GA4_CURRENCY_MISSING", "VALUE_REQUIRED"),
    (
        {"body": {"consent": {"ad_user_data": "YES", "ad_personalization": "DENIED"}}},
        "GA4_CONSENT_INVALID",
        "VALUE_INVALID",
    ),
    ({"body": {"timestamp_micros": 1}}, "EXPIRED", "VALUE_INVALID"),
    ({"at": datetime(2999, 1, 1, tzinfo=UTC)}, "GA4_TIME_INVALID", "VALUE_INVALID"),
    ({"body": {"padding": "x" * 130_000}}, "GA4_TOO_LARGE", "VALUE_OUT_OF_BOUNDS"),
]


@pytest.mark.parametrize(("wrong", "code", "validation_code"), BAD)
def test_what_google_would_drop_stays_at_home(lab, wrong, code, validation_code):
    """Each rule has its code, and what is kept back is what the check for debugging refuses."""
    row = purchase(1, **wrong)
    assert validation_code in _checked(lab, row)
    lab.put(row)
    assert 1 == lab.drain(settings(lab.url, "good")).dead
    assert {code: 1} == lab.ledger.counts().dead_by_code
    assert [] == [call for call in lab.state("ga4")["requests"] if call["path"] == "/mp/collect"]


def test_the_edges_of_the_rules_are_inside(lab):
    """25 parameters, values of 100 characters, names of 40, and nearly three days ago."""
    params = {f"p{n}": n for n in range(20)} | {"x" * 40: "y" * 100, "page_location": "z" * 1_000}
    row = purchase(1, params=params, at=datetime.now(UTC) - timedelta(hours=71, minutes=59))
    lab.put(row)
    assert 1 == lab.drain(settings(lab.url, "good")).delivered
    assert 1 == len(lab.objects("ga4", "events"))


def test_a_wrong_secret_is_not_noticed(lab):
    """Google takes it and drops the event: the README says where to look."""
    lab.put(purchase(1))
    assert 1 == lab.drain(settings(lab.url, "invalid")).delivered
    assert ([], 1) == (lab.objects("ga4", "events"), len(lab.objects("ga4", "dropped")))


@pytest.mark.parametrize("fault", [None, "status_400", "drop_before"])
def test_the_secret_is_not_told(lab, caplog, fault):
    """It travels in the address; neither logs nor attempts repeat it."""
    if fault:
        lab.faults({"vendor": "ga4", "fault": fault, "first": 1})
    lab.put(purchase(1))
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        lab.drain(settings(lab.url, "hush-hush"))
    assert "POST /mp/collect →" in lab.requests_noted("ga4")
    for told in (caplog.text, str(logs), lab.requests_noted("ga4")):
        assert "hush" not in told


def test_a_lost_answer_may_be_given_up(lab):
    """With at_most_once nothing is repeated; the dead letter says that its fate is unknown."""
    lab.faults({"vendor": "ga4", "fault": "drop_after", "first": 1})
    lab.put(purchase(1))
    assert 1 == lab.drain(settings(lab.url, "good", at_most_once=True)).dead
    assert {"UNKNOWN_OUTCOME": 1} == lab.ledger.counts().dead_by_code
    assert 1 == len(lab.objects("ga4", "events"))
