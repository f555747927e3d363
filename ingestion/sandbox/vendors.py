"""What the vendors' webhooks say, as small as it can be and still be theirs: documents, which
become requests by ``sign_body`` after ``orjson.dumps``. Times are UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

ORGANIZATION_ID = "00D5g000004Ks9ZEAS"
META_PAGE_ID = "104927585441222"


def stripe_event(
    event_type: str, subject: Mapping[str, Any], created: datetime, *, event_id: str
) -> dict[str, Any]:
    """Something happened to ``subject``, a Stripe object."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": "2025-09-30.clover",
        "created": int(created.timestamp()),
        "data": {"object": dict(subject)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }


def calendly_event(
    event: str, created_at: datetime, *, email: str, name: str, starts_at: datetime, invitee: str
) -> dict[str, Any]:
    """``invitee.created`` or ``invitee.canceled``: someone booked a meeting, or called it off."""
    meeting = f"https://api.calendly.com/scheduled_events/{invitee}"
    return {
        "created_at": _instant(created_at),
        "created_by": "https://api.calendly.com/users/AAAAAAAAAAAAAAAA",
        "event": event,
        "payload": {
            "uri": f"{meeting}/invitees/{invitee}",
            "email": email,
            "name": name,
            "status": "canceled" if event.endswith("canceled") else "active",
            "timezone": "Europe/Amsterdam",
            "event": meeting,
            "scheduled_event": {
                "uri": meeting,
                "name": "Intro call",
                "status": "active",
                "start_time": _instant(starts_at),
            },
            "tracking": {"utm_source": None, "utm_medium": None, "utm_campaign": None},
            "questions_and_answers": [],
        },
    }


def meta_leads(leads: Iterable[tuple[int, datetime]], *, form_id: int = 88001) -> dict[str, Any]:
    """New leads (id and time) of a page's form, in one request. What they said is asked by API."""
    changes = [_lead_change(lead, created, form_id) for lead, created in leads]
    time = max((change["value"]["created_time"] for change in changes), default=0)
    return {"object": "page", "entry": [{"id": META_PAGE_ID, "time": time, "changes": changes}]}


def _lead_change(lead: int, created: datetime, form_id: int) -> dict[str, Any]:
    return {
        "field": "leadgen",
        "value": {
            "leadgen_id": str(lead),
            "page_id": META_PAGE_ID,
            "form_id": str(form_id),
            "ad_id": "120210000000000001",
            "adgroup_id": "120210000000000002",
            "created_time": int(created.timestamp()),
        },
    }


def segment_event(
    event: str, timestamp: datetime, *, message_id: str, user_id: str, **properties: Any
) -> dict[str, Any]:
    """A user did something."""
    return {
        "messageId": message_id,
        "type": "track",
        "event": event,
        "userId": user_id,
        "timestamp": _instant(timestamp),
        "properties": properties,
        "context": {"library": {"name": "analytics.js", "version": "2.1.0"}},
    }


def slack_event(event: Mapping[str, Any], at: datetime, *, event_id: str) -> dict[str, Any]:
    """Something happened in the workspace."""
    return {
        "token": "none",
        "team_id": "T061EG9R6",
        "api_app_id": "A0PNCHHK2",
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(at.timestamp()),
    }


def slack_challenge(challenge: str) -> dict[str, Any]:
    """What Slack asks before it sends the first event."""
    return {"token": "none", "challenge": challenge, "type": "url_verification"}


def shopify_order(order_id: int, updated_at: datetime, *, email: str, total: str) -> dict[str, Any]:
    """An order; which topic it belongs to stands in the header ``x-shopify-topic``."""
    return {
        "id": order_id,
        "order_number": order_id % 10_000,
        "email": email,
        "created_at": _instant(updated_at),
        "updated_at": _instant(updated_at),
        "total_price": total,
        "currency": "EUR",
        "financial_status": "paid",
        "line_items": [],
    }


def intercom_notification(
    topic: str, item: Mapping[str, Any], at: datetime, *, notification_id: str
) -> dict[str, Any]:
    """Something happened to ``item``, an Intercom object."""
    return {
        "type": "notification_event",
        "id": notification_id,
        "topic": topic,
        "app_id": "a86dr8yl",
        "created_at": int(at.timestamp()),
        "delivery_attempts": 1,
        "data": {"type": "notification_event_data", "item": dict(item)},
    }


def github_issue(action: str, number: int, title: str, *, repository: str) -> dict[str, Any]:
    """Something happened to an issue; ``issues`` stands in the header ``x-github-event``."""
    return {
        "action": action,
        "issue": {"number": number, "title": title, "state": "open", "user": {"login": "octocat"}},
        "repository": {"id": 1, "full_name": repository},
        "sender": {"id": 2, "login": "octocat"},
    }


def salesforce_message(
    kind: str,
    records: Mapping[str, Mapping[str, str | None]],
    *,
    organization_id: str = ORGANIZATION_ID,
) -> bytes:
    """An outbound message about records of one ``kind`` (Lead …), by notification id. Unlike the
    others it is the body itself: XML."""
    notifications = "".join(_notification(kind, name, record) for name, record in records.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n <soapenv:Body>\n'
        '  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">\n'
        f"   <OrganizationId>{escape(organization_id)}</OrganizationId>\n"
        "   <ActionId>04k5g0000008ONZAA2</ActionId>\n"
        '   <SessionId xsi:nil="true"/>\n'
        "   <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/62.0</EnterpriseUrl>\n"
        "   <PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/62.0</PartnerUrl>\n"
        f"{notifications}  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n"
    ).encode()


def _notification(kind: str, notification_id: str, record: Mapping[str, str | None]) -> str:
    fields = "".join(
        f"     <sf:{name}>{escape(value)}</sf:{name}>\n"
        if value is not None
        else f'     <sf:{name} xsi:nil="true"/>\n'
        for name, value in record.items()
    )
    return (
        f"   <Notification>\n    <Id>{escape(notification_id)}</Id>\n"
        f'    <sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">\n'
        f"{fields}    </sObject>\n   </Notification>\n"
    )


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
