"""HubSpot's CRM, read by search: what changed since a moment, in the order of change.

Each page is a search of its own that begins at the last change read: pages of one search are
counted off, so that an object that changes meanwhile would let the one behind it slip through. Nor
is there an end at 10,000 objects. A search finds what was written some seconds late, which the
overlap makes up for. It does not find deleted objects: see deletions. A contact that others were
merged into names them in ``hs_merged_object_ids``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from ingestion.errors import PullAnswerError
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
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(milliseconds=1)
_ID: Final = "hs_object_id"
_ASTRAY: Final = "HubSpot's search lists what it was not asked for."

Version = tuple[str, datetime | None]
Search = Callable[[Sequence[Object], str], list[Found]]
"""Takes the rules and the property whose order counts."""


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
    search = partial(_search, api, kind, version)
    since, before = window.since or _EPOCH, frozenset[Version]()
    while True:
        found = search([_rule(_modified(kind), "GTE", _millis(since))], _modified(kind))
        last = max((_changed_at(kind, each) for each in found), default=since)
        if last < since - _TICK:
            raise PullAnswerError(_ASTRAY)
        if len(found) == _PAGE and _millis(last) == _millis(since):
            pages = _at_once(kind, search, since)
            yield from (Page(_without(before, each)) for each in pages)
            since += _TICK
            continue
        yield Page(_without(before, found), last)
        if len(found) < _PAGE:
            return
        since, before = last, frozenset(map(_version, found))


def _at_once(kind: str, search: Search, at: datetime) -> Iterator[list[Found]]:
    """Objects that changed in the same millisecond, in the order of their ids."""
    last = "0"
    while True:
        rules = [_rule(_modified(kind), "EQ", _millis(at)), _rule(_ID, "GT", last)]
        found = search(rules, _ID)
        if found and int(found[0].id) <= int(last):
            raise PullAnswerError(_ASTRAY)
        yield found
        if len(found) < _PAGE:
            return
        last = found[-1].id


def _search(
    api: VendorApi, kind: str, version: str, rules: Sequence[Object], order: str
) -> list[Found]:
    """The first page of what keeps these rules, in ascending order of a property."""
    asked = {
        "filterGroups": [{"filters": rules}],
        "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
        "properties": list(properties_of(kind)),
        "limit": _PAGE,
    }
    answer = Answer("HubSpot", api.post(objects_path(version, kind, "/search"), asked))
    found = [_found(each) for each in answer.objects("results")]
    return _with_contacts(api, version, found) if kind == "deal" else found


def _rule(name: str, operator: str, value: str) -> Object:
    return {"propertyName": name, "operator": operator, "value": value}


def _modified(kind: str) -> str:
    return "lastmodifieddate" if kind == "contact" else "hs_lastmodifieddate"


def _changed_at(kind: str, found: Found) -> datetime:
    """What the search goes by; the object's own time may differ from it."""
    properties = found.content.get("properties")
    told = properties.get(_modified(kind)) if isinstance(properties, dict) else None
    return moment(told) or found.changed_at or _EPOCH


def _version(found: Found) -> Version:
    return found.id, found.changed_at


def _without(before: frozenset[Version], found: Sequence[Found]) -> list[Found]:
    return [each for each in found if _version(each) not in before]


def _millis(at: datetime) -> str:
    return str((at - _EPOCH) // _TICK)


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
