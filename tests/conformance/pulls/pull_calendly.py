"""Calendly's invitees for the conformance suite of pulls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import orjson
from pull_case import AUTH, Case

from ingestion.sandbox.vendors import calendly_event
from ingestion.sources.calendly import calendly


def _written(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _meeting(number):
    now = datetime.now(UTC)
    starts = now + timedelta(days=14)
    who = {"email": f"lead{number}@example.com", "name": "Ada", "invitee": f"M{number}"}
    payload = calendly_event("invitee.created", now, starts_at=starts, **who)["payload"]
    made = {"created_at": _written(now), "updated_at": _written(now)}
    invitee = {name: value for name, value in payload.items() if name != "scheduled_event"}
    return {**payload["scheduled_event"], **made, "invitees": [{**invitee, **made}]}


def _seed(url, count):
    meetings = [_meeting(number) for number in range(count)]
    httpx.post(f"{url}/_objects/calendly/scheduled_events", json=meetings).raise_for_status()


def _cancel(url):
    httpx.post(f"{url}/scheduled_events/M0/cancellation", headers=AUTH).raise_for_status()


def _webhook(lab):
    held = httpx.get(f"{lab.url}/_state/calendly").json()["objects"]["scheduled_events"][0]
    [invitee] = held["invitees"]
    told = {"event": "invitee.canceled", "created_at": held["updated_at"], "payload": invitee}
    return orjson.dumps(told)


CALENDLY = (Case(calendly, "invitee", "/invitees", _seed, _cancel, 100, _webhook, as_told=True),)
