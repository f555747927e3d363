"""Merges: two contacts of one person become one in HubSpot, which cannot be undone there.

HubSpot makes a new contact of the two, and both old ids lead to it. So a merge that has happened
is seen from either id, and one that is asked for again is known by that: a refusal is settled by
looking, as a lost answer is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.hubspot.api import HubSpotApi, properties_of
from reverse_etl.connectors.hubspot.contacts import CONTACTS
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

_NOT_FOUND: Final = "CONTACT_NOT_FOUND"
_MERGED_IDS: Final = ("hs_merged_object_ids", "hs_calculated_merged_vids")  # "12;13", "12:1700…"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the two ids of a merge lead to now: the contacts' own ids, None where there is none;
    `absorbed`: the ids that were merged into the first."""

    primary: str | None
    other: str | None
    absorbed: frozenset[str]

    def merged(self, other: str) -> bool:
        """Whether the two are one contact."""
        same = self.primary is not None and self.primary == self.other
        return same or other in self.absorbed


async def merge(api: HubSpotApi, work: Work) -> None:
    """Give every delivery an outcome."""
    for row in work.open:
        try:
            await _merge(api, work, row)
        except CallFailedError as failure:
            work.fail(failure, [row])


async def _merge(api: HubSpotApi, work: Work, row: Delivery) -> None:
    primary, other = _ids(row)
    try:
        answer = await api.merge(work, CONTACTS.kind, primary, other)
    except CallFailedError as failure:
        if failure.outcome.kind is not Kind.REFUSED:
            raise
        await _settle_refused(api, work, row, failure.outcome)
        return
    work.delivered(row, str(answer.body.get("id") or primary), answer.status)


async def _settle_refused(api: HubSpotApi, work: Work, row: Delivery, refusal: Outcome) -> None:
    """It is done already, or cannot be; or the first contact has another id since it was merged
    with a third one, and is named by that."""
    primary, other = _ids(row)
    seen = await _look(api, work, primary, other)
    if seen.merged(other):
        work.delivered(row, seen.primary, refusal.status)
    elif seen.primary is None or seen.other is None:
        work.set(row, _gone())
    elif seen.primary != primary and seen.other == other:
        answer = await api.merge(work, CONTACTS.kind, seen.primary, other)
        work.delivered(row, str(answer.body.get("id") or seen.primary), answer.status)
    else:
        work.set(row, Outcome(Kind.PERMANENT, refusal.code, refusal.message, refusal.status))


async def read_back(api: HubSpotApi, work: Work) -> None:
    """Delivered when both ids lead to one contact; to be sent again when each is still one of its
    own. Raises CallFailedError for those still open."""
    for row in work.open:
        primary, other = _ids(row)
        seen = await _look(api, work, primary, other)
        if seen.merged(other):
            work.delivered(row, seen.primary)
        elif seen.primary is None or seen.other is None:
            work.set(row, _gone())
        elif seen.other == other:
            text = "They are still two contacts."
            work.set(row, Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, text))
        else:
            text = "The contact to merge has become part of a third one."
            work.set(row, Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, text))


def _ids(row: Delivery) -> tuple[str, str]:
    """The contact that wins, and the one to merge into it."""
    return str(row.body["primaryObjectId"]), str(row.body["objectIdToMerge"])


async def _look(api: HubSpotApi, work: Work, primary: str, other: str) -> _Seen:
    first = await api.read(work, CONTACTS.kind, primary, _MERGED_IDS)
    second = await api.read(work, CONTACTS.kind, other, _MERGED_IDS)
    return _Seen(_id(first), _id(second), _absorbed(first))


def _id(contact: Mapping[str, Any] | None) -> str | None:
    return str(contact["id"]) if contact and contact.get("id") else None


def _absorbed(contact: Mapping[str, Any] | None) -> frozenset[str]:
    held = properties_of(contact or {})
    told = ";".join(str(held.get(name) or "") for name in _MERGED_IDS)
    return frozenset(part.partition(":")[0].strip() for part in told.split(";") if part.strip())


def _gone() -> Outcome:
    return Outcome(Kind.PERMANENT, _NOT_FOUND, "HubSpot has no contact with one of the ids.", 404)
