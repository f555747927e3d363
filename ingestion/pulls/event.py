"""Objects read from a vendor's API, as events: what is pulled takes the way of every webhook.

So both lanes and every rebuild see one set of events. An event's body is an envelope around the
object as the API gave it::

    {"pulled": "contact", "account": "62515", "object": {"id": "7", "properties": {…}, …}}

``account`` is the vendor's account it was read from: a portal, an organization, an ad account. The
key names the object and its version, so that an unchanged object is pulled a hundred times and
stored once. Objects that do not say when they changed (``_AGELESS``) are a version of their own
each time; their envelope says when they were read (``pulled_at``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ingestion.contracts.event_type import PULLED
from ingestion.event_log.model import NewEvent
from ingestion.webhooks.base import id_or_content_key

# The members that tell an object from every other of its kind, and one version from the others:
# the first of several that is there.
_IDS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("meta", "ad_insight"): ("campaign_id", "date_start"),
}
_ID: Final[Mapping[str, tuple[str, ...]]] = {"salesforce": ("Id",)}
_USUAL_ID: Final = ("id",)
_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "hubspot": ("updatedAt", "created"),
    "salesforce": ("SystemModstamp", "LastModifiedDate", "CreatedDate"),
    "meta": ("created_time",),
}
_AGELESS: Final = frozenset((("stripe", "customer"), ("meta", "ad_insight")))


def pulled_event(
    source: str,
    kind: str,
    content: Mapping[str, Any],
    *,
    account: str,
    pulled_at: datetime,
    correlation_id: str,
    historical: bool = False,
) -> NewEvent:
    """The event of one object; ``kind`` is its name at the vendor (contact, Lead, ad_insight).

    ``pulled_at`` is UTC and aware.
    """
    read = pulled_at.astimezone(UTC).isoformat(timespec="milliseconds")
    ageless = (source, kind) in _AGELESS
    envelope = {PULLED: kind, "account": account, "object": content}
    body = orjson.dumps(envelope | {"pulled_at": read} if ageless else envelope)
    members = _IDS.get((source, kind)) or _ID.get(source, _USUAL_ID)
    identity = [content.get(member) for member in members]
    version = read if ageless else _version(source, content)
    told = [*identity, version]
    key = f"pull:{kind}:{account}:{':'.join(map(str, told))}" if all(told) else None
    return NewEvent(
        source=source,
        event_key=id_or_content_key(key, body),
        kind="pull",
        received_at=pulled_at,
        body=body,
        headers={},
        correlation_id=correlation_id,
        historical=historical,
    )


def _version(source: str, content: Mapping[str, Any]) -> Any:
    """When the object changed last, as it says itself; None when it does not."""
    members = _VERSIONS.get(source, ())
    return next((content[member] for member in members if content.get(member)), None)
