"""Objects as the vendors' APIs give them, as small as they can be and still be theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any


def hubspot_record(
    record_id: int,
    properties: Mapping[str, Any],
    updated_at: datetime,
    *,
    contacts: Sequence[int] = (),
    archived: bool = False,
) -> dict[str, Any]:
    """An object of HubSpot's CRM (v3), linked to these contacts."""
    record: dict[str, Any] = {
        "id": str(record_id),
        "properties": dict(properties),
        "createdAt": _instant(updated_at),
        "updatedAt": _instant(updated_at),
        "archived": archived,
    }
    if contacts:
        results = [{"id": str(contact), "type": "to_contact"} for contact in contacts]
        record["associations"] = {"contacts": {"results": results}}
    return record


def hubspot_email_event(
    kind: str, recipient: str, created: datetime, *, event_id: str, **more: Any
) -> dict[str, Any]:
    """What became of an e-mail: ``kind`` is OPEN, CLICK, BOUNCE …"""
    return {
        "id": event_id,
        "type": kind,
        "created": int(created.timestamp() * 1000),
        "recipient": recipient,
        "filteredEvent": False,
        **more,
    }


def salesforce_record(
    kind: str, record_id: str, modified_at: datetime, **fields: Any
) -> dict[str, Any]:
    """A record of Salesforce as its REST API gives it, with its own spelling of time."""
    modified = modified_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    url = f"/services/data/v62.0/sobjects/{kind}/{record_id}"
    attributes = {"type": kind, "url": url}
    return {"attributes": attributes, "Id": record_id, "SystemModstamp": modified, **fields}


def meta_lead(
    lead_id: str, created: datetime, answers: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """What somebody said in a lead form."""
    fields = [{"name": name, "values": [value]} for name, value in answers.items()]
    time = created.strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": lead_id, "created_time": time, "field_data": fields, **more}


def meta_insight(day: str, campaign_id: str, spend: str, **more: Any) -> dict[str, Any]:
    """What a campaign cost on a day (YYYY-MM-DD)."""
    return {
        "date_start": day,
        "date_stop": day,
        "campaign_id": campaign_id,
        "campaign_name": f"Campaign {campaign_id}",
        "spend": spend,
        "account_currency": "EUR",
        "impressions": "1000",
        "clicks": "20",
        **more,
    }


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
