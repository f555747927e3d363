"""HubSpot's CRM, read by search: what changed since a moment, in the order of change.

A search lists at most 10,000 objects; the next one begins at the last change listed. It finds what
was written some seconds late, which the overlap makes up for. It does not find deleted objects:
see deletions. A contact that others were merged into names them in ``hs_merged_object_ids``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from ingestion.errors import PullAnswerError, PullStuckError
from ingestion.pulls.client import Answer, VendorApi
from ingestion.pulls.model import Found, Object, Page, PullSource, Stream, Window
from ingestion.sources.hubspot.deletions import deletions
from ingestion.sources.hubspot.properties import properties_of
from ingestion.sources.hubspot.wire import (
    PLURALS,
    associations_path,
    heard,
    objects_path,
    paginator,
)
from ingestion.sources.moments import moment

_PAGE: Final = 200
_OWNERS: Final = 100
_MOST: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MODIFIED: Final = {"contact": "lastmodifieddate"}
_USUAL_MODIFIED: Final = "hs_lastmodifieddate"


def hubspot(version: str = "v3") -> PullSource:
    """A portal. ``version`` of the API: "v3", or a dated one."""
    crm = tuple(
        Stream(kind, partial(_changed, kind, version), heard=partial(heard, kind))
        for kind in PLURALS
    )
    gone = tuple(deletions(kind, version) for kind in PLURALS)
    return PullSource("hubspot", _portals, (*crm, *gone, Stream("owner", _owners)))


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
        objects_path(version, kind, "/search"),
        method="POST",
        json={
            "filterGroups": [{"filters": [rule]}],
            "sorts": [{"propertyName": modified, "direction": "ASCENDING"}],
            "properties": list(properties_of(kind)),
            "limit": _PAGE,
        },
        paginator=paginator(member="after"),
    )


def _owners(api: VendorApi, _portal: str, _window: Window) -> Iterator[Page]:
    """All of them: they are few, and cannot be asked for by change."""
    path, size = "/crm/v3/owners", {"limit": _OWNERS}
    for answer in api.pages(path, params=size, paginator=paginator(param="after")):
        yield Page([_found(each) for each in answer.objects("results")])


def _with_contacts(api: VendorApi, version: str, found: Sequence[Found]) -> list[Found]:
    """Deals with the contacts that belong to them, which a search does not tell."""
    if not found:
        return []
    path = associations_path(version, "deals/contacts/batch/read")
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
