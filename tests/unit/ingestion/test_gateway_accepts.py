"""What the gateway takes: stored as it came, then acknowledged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.asgi import HOST, SECRETS, STANDARD, problem, signed

from ingestion.sandbox import webhooks as sandbox
from ingestion.sandbox.signing import sign_hubspot


def test_accepted(gateway, log, response):
    """A signed webhook is stored as it came, then acknowledged."""
    [answer] = gateway.send(response())
    assert (answer.status_code, answer.json()) == (
        200,
        {"accepted": 1, "duplicates": 0, "correlation_id": "generated-id"},
    )
    [stored] = log.read()
    assert (stored.source, stored.event_key, stored.kind) == ("typeform", "01HX", "webhook")
    assert stored.body == response().body
    assert stored.correlation_id == answer.headers["x-correlation-id"] == "generated-id"


def test_duplicate(gateway, log, response):
    """A webhook sent again is acknowledged, counted, and not stored again."""
    _, answer = gateway.send(response(), response())
    assert (answer.status_code, answer.json()["duplicates"]) == (200, 1)
    assert log.count().count == 1


def test_batch(gateway, log, now):
    """A HubSpot batch is split into events that share one correlation id."""
    items = [
        sandbox.hubspot_contact_change(1, "email", "a@example.com", now, event_id=1),
        sandbox.hubspot_deal_change(2, "amount", "5", now, event_id=1),
    ]
    batch = sandbox.hubspot_batch(items, secret="h", public_url=HOST, sent_at=now)
    [answer] = gateway.send(batch)
    assert answer.json()["accepted"] == 2
    assert {stored.correlation_id for stored in log.read()} == {"generated-id"}


def test_standard(gateway, log, now):
    """A Standard Webhooks event is stored under its message id."""
    event = sandbox.standard_event("page_view", {}, now, event_id="msg_7", secret=STANDARD)
    assert gateway.send(event)[0].status_code == 200
    assert log.read()[0].event_key == "msg_7"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00", b"<html>"])
@pytest.mark.parametrize("source", sorted(SECRETS))
def test_no_json(gateway, log, now, source, body):
    """A signed body that is no JSON is kept: what was acknowledged can be looked into later."""
    [answer] = gateway.send(signed(body, now, source))
    assert answer.status_code == 200
    assert [stored.body for stored in log.read()] == [body]


def test_tolerance(make, now):
    """The tolerance of timestamps is a setting."""
    late = signed(b"[]", now, "hubspot", sent_at=now - timedelta(minutes=6))
    assert make(tolerance=timedelta(minutes=7)).send(late)[0].status_code == 200


def test_public_url(make, now):
    """Behind a proxy, the configured public address is the one that was signed."""
    public = "https://public.example.com/prefix"
    request = signed(b"[]", now, "hubspot", public_url=public)
    assert problem(make().send(request)[0]) == (401, "SIGNATURE_INVALID")
    assert make(public_url=public + "/").send(request)[0].status_code == 200


def test_query_is_signed(gateway, now):
    """An address with a query is signed with it, its escapes undone as HubSpot does."""
    headers = sign_hubspot(b"[]", "h", f"{HOST}/webhooks/hubspot?tag=a:b", now)
    request = sandbox.SignedWebhook("/webhooks/hubspot?tag=a%3Ab", headers, b"[]")
    assert gateway.send(request)[0].status_code == 200


def test_credentials_are_not_kept(gateway, log, response):
    """Headers are stored with the event, except those that may carry credentials."""
    request = response()
    extra = {**request.headers, "Authorization": "Bearer x", "Cookie": "y", "X-Api-Key": "z"}
    gateway.send(sandbox.SignedWebhook(request.path, extra, request.body))
    kept = log.read()[0].headers
    assert "typeform-signature" in kept
    assert not {"authorization", "cookie", "x-api-key"} & set(kept)


def test_restart(make, log, response):
    """After a stop and a start, an event taken before is still a duplicate."""
    make().send(response())
    assert make().send(response())[0].json()["duplicates"] == 1
