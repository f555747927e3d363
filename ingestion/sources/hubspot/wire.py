"""HubSpot's paths and pages, and which objects its webhooks tell of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    JSONResponseCursorPaginator,
)

from ingestion.event_log.model import from_micros
from ingestion.pulls.model import Heard, Object

PLURALS: Final = {"contact": "contacts", "company": "companies", "deal": "deals"}
TYPE_IDS: Final = {"contact": "0-1", "company": "0-2", "deal": "0-3"}
_DATED: Final = re.compile(r"\d{4}-\d{2}")
_IDS: Final = ("objectId", "newObjectId", "primaryObjectId", "fromObjectId", "toObjectId")


def heard(kind: str, told: Object, _received_at: datetime) -> Iterator[Heard]:
    """A change names its object; a merge or an association several."""
    subscription, at = str(told.get("subscriptionType")), told.get("occurredAt")
    if not isinstance(at, int):
        return
    of_kind = subscription.startswith(f"{kind}.") or told.get("objectTypeId") == TYPE_IDS[kind]
    merged = told.get("mergedObjectIds")
    ids = [told.get(name) for name in _IDS] + (merged if isinstance(merged, list) else [])
    for each in ids if of_kind else ():
        if each is not None:
            yield Heard(str(each), from_micros(at * 1000))


def paginator(*, param: str | None = None, member: str | None = None) -> BasePaginator:
    """Goes on at `paging.next.after`, which the next request has as a parameter, or as a member of
    its body."""
    return JSONResponseCursorPaginator("paging.next.after", param, member)


def objects_path(version: str, kind: str, rest: str = "") -> str:
    """Where objects of a kind are: of "v3", or of a dated version."""
    plural = PLURALS[kind] + rest
    if _DATED.fullmatch(version):
        return f"/crm/objects/{version}/{plural}"
    return f"/crm/{version}/objects/{plural}"


def associations_path(version: str, rest: str) -> str:
    """Where associations are."""
    if _DATED.fullmatch(version):
        return f"/crm/associations/{version}/{rest}"
    return f"/crm/v4/associations/{rest}"
