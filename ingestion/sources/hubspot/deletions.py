"""What was deleted at HubSpot, in the words of its webhooks.

A search finds no deleted objects; the recycle bin holds them for 90 days. It cannot be asked by
time, so it is listed to its end each time. What was deleted for privacy is not in it: of that,
webhooks alone tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final

from ingestion.event_log.model import to_micros
from ingestion.pulls.client import VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, Stream, Window
from ingestion.sources.hubspot.wire import (
    TYPE_IDS,
    heard,
    objects_path,
    paginator,
)
from ingestion.sources.moments import moment

_PAGE: Final = 100


def deletions(kind: str, version: str) -> Stream:
    """Deleted objects of a kind; nothing of what they held is read."""
    return Stream(
        f"{kind}_deletion",
        partial(_deleted, kind, version),
        heard=partial(_heard, kind),
        as_told=True,
    )


def _deleted(
    kind: str, version: str, api: VendorApi, portal: str, window: Window
) -> Iterator[Page]:
    params = {"archived": "true", "limit": _PAGE, "properties": "hs_object_id"}
    path = objects_path(version, kind)
    for answer in api.pages(path, params=params, paginator=paginator(param="after")):
        found = [_found(kind, portal, each) for each in answer.objects("results")]
        yield Page([each for each in found if _is_due(each, window)])


def _found(kind: str, portal: str, archived: Object) -> Found:
    key, at = str(archived.get("id")), moment(archived.get("archivedAt"))
    told = {
        "subscriptionType": f"{kind}.deletion",
        "portalId": portal,
        "objectId": key,
        "occurredAt": to_micros(at) // 1000 if at else None,
    }
    version = f"{kind}.deletion {portal} {archived.get('archivedAt')}"
    return Found(key, at, told, version)


def _is_due(found: Found, window: Window) -> bool:
    return window.since is None or found.changed_at is None or found.changed_at >= window.since


def _heard(kind: str, told: Object, received_at: datetime) -> Iterator[Heard]:
    names = (f"{kind}.deletion", f"{kind}.privacyDeletion")
    of_type = ("object.deletion", "object.privacyDeletion")
    subscription, is_of_kind = told.get("subscriptionType"), told.get("objectTypeId")
    if subscription in names or (subscription in of_type and is_of_kind == TYPE_IDS[kind]):
        yield from heard(kind, told, received_at)
