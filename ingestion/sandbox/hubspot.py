"""HubSpot changes, as HubSpot's webhook sends them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

PORTAL_ID = 62515
APP_ID = 54321


def hubspot_item(
    subscription_type: str, occurred_at: datetime, *, event_id: int, **fields: Any
) -> dict[str, Any]:
    """One change; ``fields`` are those of its subscription type, in HubSpot's spelling."""
    return {
        "eventId": event_id,
        "subscriptionId": 12345,
        "portalId": PORTAL_ID,
        "appId": APP_ID,
        "occurredAt": int(occurred_at.timestamp() * 1000),
        "subscriptionType": subscription_type,
        "attemptNumber": 0,
        "changeSource": "CRM",
        **fields,
    }


def hubspot_creation(
    kind: str, object_id: int, occurred_at: datetime, *, event_id: int
) -> dict[str, Any]:
    """A contact or deal (``kind``) was made."""
    return hubspot_item(
        f"{kind}.creation", occurred_at, event_id=event_id, objectId=object_id, changeFlag="NEW"
    )


def hubspot_contact_change(
    contact_id: int, name: str, value: str | None, occurred_at: datetime, *, event_id: int
) -> dict[str, Any]:
    """The contact's property ``name`` became ``value``."""
    return _change("contact", contact_id, name, value, occurred_at, event_id)


def hubspot_deal_change(
    deal_id: int, name: str, value: str | None, occurred_at: datetime, *, event_id: int
) -> dict[str, Any]:
    """The deal's property ``name`` became ``value``."""
    return _change("deal", deal_id, name, value, occurred_at, event_id)


def hubspot_association(
    deal_id: int,
    contact_id: int,
    occurred_at: datetime,
    *,
    event_id: int,
    removed: bool = False,
    primary: bool = True,
) -> dict[str, Any]:
    """The deal was linked to the contact, or unlinked from it."""
    return hubspot_item(
        "deal.associationChange",
        occurred_at,
        event_id=event_id,
        associationType="DEAL_TO_CONTACT",
        fromObjectId=deal_id,
        toObjectId=contact_id,
        associationRemoved=removed,
        isPrimaryAssociation=primary,
    )


def hubspot_contact_merge(
    primary_id: int, merged_ids: list[int], new_id: int, occurred_at: datetime, *, event_id: int
) -> dict[str, Any]:
    """Contacts were merged into ``primary_id``; the result is known as ``new_id``."""
    return hubspot_item(
        "contact.merge",
        occurred_at,
        event_id=event_id,
        objectId=new_id,
        primaryObjectId=primary_id,
        mergedObjectIds=merged_ids,
        newObjectId=new_id,
        numberOfPropertiesMoved=len(merged_ids),
    )


def _change(
    kind: str, object_id: int, name: str, value: str | None, occurred_at: datetime, event_id: int
) -> dict[str, Any]:
    return hubspot_item(
        f"{kind}.propertyChange",
        occurred_at,
        event_id=event_id,
        objectId=object_id,
        propertyName=name,
        propertyValue=value,
    )
