"""Meta's own client works against the sandbox, so it is a fair stand-in."""

from __future__ import annotations

import hashlib
import time

import httpx
import pytest


@pytest.fixture
def meta(url, monkeypatch):
    """Meta's client, pointed at the sandbox."""
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    monkeypatch.setattr(FacebookSession, "GRAPH", url)
    FacebookAdsApi.init(access_token="good", crash_log=False)
    return FacebookAdsApi


def _event(age=60, email="ada@example.com"):
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.user_data import UserData

    return Event(
        event_name="Purchase",
        event_time=int(time.time()) - age,
        event_id=f"e-{age}",
        action_source=ActionSource.SYSTEM_GENERATED,
        user_data=UserData(email=email),
    )


def test_meta_client_sends_events(meta, url):
    """Meta's client sends form-encoded events; they arrive normalised and hashed."""
    from facebook_business.adobjects.serverside.event_request import EventRequest

    answer = EventRequest(pixel_id="123", events=[_event(60), _event(61)]).execute()
    assert answer.events_received == 2
    events = httpx.get(f"{url}/_state/meta").json()["objects"]["events"]
    assert [event["event_id"] for event in events] == ["e-60", "e-61"]
    assert events[0]["user_data"]["em"] == [hashlib.sha256(b"ada@example.com").hexdigest()]


def test_meta_client_sees_one_old_event_refuse_all(meta, url):
    """One event older than 7 days refuses the whole request, in Graph's error form."""
    from facebook_business.adobjects.serverside.event_request import EventRequest
    from facebook_business.exceptions import FacebookRequestError

    request = EventRequest(pixel_id="123", events=[_event(60), _event(8 * 86_400)])
    with pytest.raises(FacebookRequestError) as caught:
        request.execute()
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 2804003)
    assert httpx.get(f"{url}/_state/meta").json()["objects"]["events"] == []


def test_meta_client_sends_a_website_event(meta, url):
    """A website's event needs its page and the browser; limited data use goes along."""
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.event_request import EventRequest
    from facebook_business.adobjects.serverside.user_data import UserData
    from facebook_business.exceptions import FacebookRequestError

    def send(page):
        event = Event(
            event_name="Lead",
            event_time=int(time.time()),
            event_id="pixel-1",
            event_source_url=page,
            action_source=ActionSource.WEBSITE,
            user_data=UserData(email="ada@example.com", client_user_agent="Mozilla/5.0"),
            data_processing_options=["LDU"],
            data_processing_options_country=0,
            data_processing_options_state=0,
        )
        return EventRequest(pixel_id="123", events=[event]).execute()

    assert send("https://www.example.com/demo").events_received == 1
    (event,) = httpx.get(f"{url}/_state/meta").json()["objects"]["events"]
    assert (event["event_id"], event["data_processing_options"]) == ("pixel-1", ["LDU"])
    with pytest.raises(FacebookRequestError) as caught:
        send(None)
    assert caught.value.api_error_code() == 100


def test_meta_client_sends_a_lead_event(meta, url):
    """A CRM's event of a lead keeps the lead's id as it is; a wrong id is refused."""
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.custom_data import CustomData
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.event_request import EventRequest
    from facebook_business.adobjects.serverside.user_data import UserData
    from facebook_business.exceptions import FacebookRequestError

    def send(lead_id):
        told = {"event_source": "crm", "lead_event_source": "HubSpot"}
        event = Event(
            event_name="Marketing Qualified Lead",
            event_time=int(time.time()),
            event_id="stage-1",
            action_source=ActionSource.SYSTEM_GENERATED,
            user_data=UserData(lead_id=lead_id),
            custom_data=CustomData(custom_properties=told),
        )
        return EventRequest(pixel_id="123", events=[event]).execute()

    assert send("123456789012345").events_received == 1
    (event,) = httpx.get(f"{url}/_state/meta").json()["objects"]["events"]
    assert str(event["user_data"]["lead_id"]) == "123456789012345"
    assert event["custom_data"]["event_source"] == "crm"
    with pytest.raises(FacebookRequestError):
        send("12345")
