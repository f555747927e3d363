"""HubSpot's CRM, read by search: what changed since a moment, in the order of change.

A search lists at most 10,000 objects; the next one begins at the last change listed. It finds what
was written some seconds late, which the overlap makes up for. Deleted objects are not found: their
webhooks tell of them. A contact that others were merged into names them in
``hs_merged_object_ids``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    JSONResponseCursorPaginator,
)

from ingestion.errors import PullAnswerError, PullStuckError
from ingestion.event_log.model import from_micros
from ingestion.pulls.client import Answer, VendorApi
from ingestion.pulls.model import Found, Heard, Object, Page, PullSource, Stream, Window
from ingestion.sources.hubspot.properties import properties_of
from ingestion.sources.moments import moment

_PAGE: Final = 200
_OWNERS: Final = 100
_MOST: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATED: Final = re.compile(r"\d{4}-\d{2}")
_PLURALS: Final = {"contact": "contacts", "company": "companies", "deal": "deals"}
_MODIFIED: Final = {"contact": "lastmodifieddate"}
_USUAL_MODIFIED: Final = "hs_lastmodifieddate"
_TYPE_IDS: Final = {"contact": "0-1", "company": "0-2", "deal": "0-3"}
_IDS: Final = ("objectId", "newObjectId", "primaryObjectId", "fromObjectId", "toObjectId")


def hubspot(version: str = "v3") -> PullSource:
    """A portal. ``version`` of the API: "v3", or a dated one."""
    crm = tuple(
        Stream(kind, partial(_changed, kind, version), heard=partial(_heard, kind))
        for kind in _PLURALS
    )
    return PullSource("hubspot", _portals, (*crm, Stream("owner", _owners)))


def _portals(api: VendorApi) -> list[str]:
    portal = api.get("/account-info/v3/details").get("portalId")
    if not portal:
        raise PullAnswerError("HubSpot does not say which portal this is.")
    return [str(portal)]


def _changed(
    kind: str, version: str, api: VendorApi, _portal: str, window: Window
) -> Iterator[Page]:
    """Objects in the order in which they changed."""
    since = window.since or _EPOCH
    while True:
        listed, last = 0, since
        for answer in _search(api, kind, version, since):
            found = [_found(each) for each in answer.objects("results")]
            if kind == "deal":
                found = _with_contacts(api, version, found)
            listed += len(found)
            last = max([last, *(each.changed_at for each in found if each.changed_at)])
            yield Page(found, last)
            if listed + _PAGE > _MOST:
                break
        else:
            return
        if last <= since:
            raise PullStuckError(f"More than {listed:,} objects changed at {since.isoformat()}.")
        since = last


def _search(api: VendorApi, kind: str, version: str, since: datetime) -> Iterator[Answer]:
    modified = _MODIFIED.get(kind, _USUAL_MODIFIED)
    millis = int(since.timestamp() * 1000)
    rule = {"propertyName": modified, "operator": "GTE", "value": str(millis)}
    return api.pages(
        _objects_path(version, f"{_PLURALS[kind]}/search"),
        method="POST",
        json={
            "filterGroups": [{"filters": [rule]}],
            "sorts": [{"propertyName": modified, "direction": "ASCENDING"}],
            "properties": list(properties_of(kind)),
            "limit": _PAGE,
        },
        paginator=_paginator(member="after"),
    )


def _owners(api: VendorApi, _portal: str, _window: Window) -> Iterator[Page]:
    """All of them: they are few, and cannot be asked for by change."""
    path, size = "/crm/v3/owners", {"limit": _OWNERS}
    for answer in api.pages(path, params=size, paginator=_paginator(param="after")):
        yield Page([_found(each) for each in answer.objects("results")])


def _with_contacts(api: VendorApi, version: str, found: Sequence[Found]) -> list[Found]:
    """Deals with the contacts that belong to them, which a search does not tell."""
    if not found:
        return []
    path = _associations_path(version, "deals/contacts/batch/read")
    answer = Answer("HubSpot", api.post(path, {"inputs": [{"id": each.id} for each in found]}))
    tied = {
        str(each.get("from", {}).get("id")): each.get("to", [])
        for each in answer.objects("results")
    }
    return [
        Found(each.id, each.changed_at, {**each.content, **_associations(tied.get(each.id, []))})
        for each in found
    ]


def _associations(tied: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    results = [{"id": str(each.get("toObjectId")), "type": "deal_to_contact"} for each in tied]
    return {"associations": {"contacts": {"results": results}}} if results else {}


def _found(content: Object) -> Found:
    return Found(str(content.get("id")), moment(content.get("updatedAt")), content)


def _heard(kind: str, told: Object, _received_at: datetime) -> Iterator[Heard]:
    """A change names its object; a merge or an association several."""
    subscription, at = str(told.get("subscriptionType")), told.get("occurredAt")
    if not isinstance(at, int):
        return
    of_kind = subscription.startswith(f"{kind}.") or told.get("objectTypeId") == _TYPE_IDS[kind]
    merged = told.get("mergedObjectIds")
    ids = [told.get(name) for name in _IDS] + (merged if isinstance(merged, list) else [])
    for each in ids if of_kind else ():
        if each is not None:
            yield Heard(str(each), from_micros(at * 1000))


def _paginator(*, param: str | None = None, member: str | None = None) -> BasePaginator:
    return JSONResponseCursorPaginator("paging.next.after", param, member)


def _objects_path(version: str, rest: str) -> str:
    if _DATED.fullmatch(version):
        return f"/crm/objects/{version}/{rest}"
    return f"/crm/{version}/objects/{rest}"


def _associations_path(version: str, rest: str) -> str:
    if _DATED.fullmatch(version):
        return f"/crm/associations/{version}/{rest}"
    return f"/crm/v4/associations/{rest}"
