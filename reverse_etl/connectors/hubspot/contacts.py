"""Contacts: update by id where we know it, else upsert by our own unique property.

HubSpot also keeps e-mail addresses unique, so an upsert can collide with a contact that somebody
else created. Then the contact that has the address is adopted, unless it belongs to another person
of ours who is still wanted. HubSpot's search is never asked: it lags behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot.api import (
    HubSpotApi,
    blamed,
    by_property,
    category,
    existing_id,
    fold,
    message_of,
    properties_of,
)
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

_KIND = "contacts"
_ID = "millrace_id"
_NOT_FOUND = "OBJECT_NOT_FOUND"
_CONFLICT = 409
_CONFLICT_CATEGORY = "CONFLICT"
_TAKEN = "CONTACT_EMAIL_TAKEN"
_KEPT = "CONTACT_EMAIL_KEPT"


async def upsert(api: HubSpotApi, work: Work) -> None:
    """Give every delivery an outcome, or raise CallFailedError for those still open."""
    known = {row.id: work.context.vendor_ids[row.id] for row in work.open if _has_id(work, row)}
    missing = await _update(api, work, work.open, known) if known else []
    fresh = [row for row in work.open if row.id not in known or row in missing]
    for group in distinct_emails(fresh):
        await _upsert_group(api, work, group)


def _has_id(work: Work, row: Delivery) -> bool:
    return row.id in work.context.vendor_ids


def distinct_emails(rows: Sequence[Delivery]) -> list[list[Delivery]]:
    """Groups in which no e-mail address occurs twice: one of two equal ones must go first."""
    groups: list[list[Delivery]] = []
    taken: list[set[str]] = []
    for row in rows:
        email = email_of(row)
        place = next((n for n, seen in enumerate(taken) if not email or email not in seen), None)
        if place is None:
            place = len(groups)
            groups.append([])
            taken.append(set())
        groups[place].append(row)
        taken[place].add(email)
    return groups


def email_of(row: Delivery) -> str:
    """The address in a contact's payload, as HubSpot compares it; empty when there is none."""
    return fold(str(row.body["properties"].get("email") or ""))


async def _update(
    api: HubSpotApi, work: Work, rows: Sequence[Delivery], ids: Mapping[int, str]
) -> list[Delivery]:
    """Update by id; returns the rows whose contact does not exist (any more)."""
    sent = [row for row in rows if row.id in ids]
    inputs = [
        {
            "id": ids[row.id],
            "properties": _properties(row),
            "objectWriteTraceId": str(row.id),
        }
        for row in sent
    ]
    try:
        answer = await api.batch(work, _KIND, "update", inputs)
    except CallFailedError as failure:
        if failure.outcome.status == 404:
            return await _update_singly(api, work, sent, ids, failure)
        if failure.outcome.status == _CONFLICT:
            return await _update_conflicting(api, work, sent, ids, failure)
        work.fail(failure, sent)
        return []
    results = answer.list("results")
    by_key = by_property(results, _ID)
    by_id = {str(item.get("id")): item for item in results}
    for row in sent:
        item = by_key.get(row.entity_key) or by_id.get(ids[row.id])
        if item:
            work.delivered(row, str(item["id"]), answer.status)
    missing, conflicting = _refused(work, sent, ids, answer)
    for row in conflicting:
        await _keep_address(api, work, row, ids[row.id])
    return missing


async def _update_singly(
    api: HubSpotApi,
    work: Work,
    rows: Sequence[Delivery],
    ids: Mapping[int, str],
    failure: CallFailedError,
) -> list[Delivery]:
    if len(rows) == 1:
        return list(rows)
    body = failure.answer.body if isinstance(failure.answer, Response) else {}
    gone = blamed(body, "ids")
    lost = [row for row in rows if ids[row.id] in gone]
    if not lost:
        work.fail(failure, rows)  # HubSpot does not say which one: the dispatcher bisects
        return []
    rest = [row for row in rows if ids[row.id] not in gone]
    return lost + (await _update(api, work, rest, ids) if rest else [])


async def _update_conflicting(
    api: HubSpotApi,
    work: Work,
    rows: Sequence[Delivery],
    ids: Mapping[int, str],
    failure: CallFailedError,
) -> list[Delivery]:
    """Another contact has one of the addresses: find whose, and update that one all but its
    address. It happens when two people whom HubSpot holds as two contacts turn out to be one."""
    if len(rows) > 1:
        half = len(rows) // 2
        first = await _update(api, work, rows[:half], ids)
        return first + await _update(api, work, rows[half:], ids)
    if "email" in _properties(rows[0]):
        await _keep_address(api, work, rows[0], ids[rows[0].id])
    else:
        work.fail(failure, rows)
    return []


async def _keep_address(api: HubSpotApi, work: Work, row: Delivery, vendor_id: str) -> None:
    kept = {name: value for name, value in _properties(row).items() if name != "email"}
    inputs = [{"id": vendor_id, "properties": kept, "objectWriteTraceId": str(row.id)}]
    try:
        answer = await api.batch(work, _KIND, "update", inputs)
    except CallFailedError as failure:
        work.fail(failure, [row])
        return
    text = "HubSpot has another contact with this address; this one keeps the address it had."
    work.set(row, Outcome(Kind.DELIVERED, _KEPT, text, answer.status, vendor_id=vendor_id))


def _refused(
    work: Work, rows: Sequence[Delivery], ids: Mapping[int, str], answer: Response
) -> tuple[list[Delivery], list[Delivery]]:
    """Items that were not updated: those whose contact is gone, and those whose address is taken;
    the others get their own error as outcome."""
    missing: list[Delivery] = []
    conflicting: list[Delivery] = []
    for error in answer.list("errors"):
        traces, gone = blamed(error, "objectWriteTraceId"), blamed(error, "ids")
        hit = [row for row in rows if str(row.id) in traces or ids[row.id] in gone]
        still_open = [row for row in hit if row.id not in work.outcomes]
        if category(error) == _NOT_FOUND:
            missing += still_open
        elif category(error) == _CONFLICT_CATEGORY:
            conflicting += still_open
        else:
            for row in hit:
                work.set(row, permanent(error, answer.status))
    return missing, conflicting


async def _upsert_group(api: HubSpotApi, work: Work, rows: Sequence[Delivery]) -> None:
    try:
        await _upsert(api, work, rows)
    except CallFailedError as failure:
        if failure.outcome.status != _CONFLICT:
            work.fail(failure, rows)
            return
        rest = await _adopt(api, work, rows, failure)
        if not rest:
            return
        if len(rest) == len(rows):  # nobody was found to be in the way: bisect down to who is
            work.fail(failure, rest)
            return
        try:
            await _upsert(api, work, rest)
        except CallFailedError as again:
            work.fail(again, rest)


async def _upsert(api: HubSpotApi, work: Work, rows: Sequence[Delivery]) -> None:
    inputs = [
        {
            "id": row.entity_key,
            "idProperty": _ID,
            "properties": _properties(row),
            "objectWriteTraceId": str(row.id),
        }
        for row in rows
    ]
    answer = await api.batch(work, _KIND, "upsert", inputs)
    found = by_property(answer.list("results"), _ID)
    for row in rows:
        if row.entity_key in found:
            work.delivered(row, str(found[row.entity_key]["id"]), answer.status)
    for error in answer.list("errors"):
        traces = blamed(error, "objectWriteTraceId")
        for row in rows:
            if str(row.id) in traces:
                work.set(row, permanent(error, answer.status))


async def _adopt(
    api: HubSpotApi, work: Work, rows: Sequence[Delivery], failure: CallFailedError
) -> list[Delivery]:
    """Update contacts that have our addresses already; returns the rows that collide with none."""
    owners = await _owners(api, work, rows, failure)
    claims = {row.id: str(properties_of(item).get(_ID) or "") for row, item in owners}
    alive = await work.context.alive(sorted({claim for claim in claims.values() if claim}))
    alive |= {row.entity_key for row in work.batch}
    ids = {}
    for row, item in owners:
        if claims[row.id] != row.entity_key and claims[row.id] in alive:
            text = "Another person of ours has the HubSpot contact with this e-mail."
            work.set(row, Outcome(Kind.PERMANENT, _TAKEN, text, _CONFLICT))
        else:
            ids[row.id] = str(item["id"])
    missing = await _update(api, work, rows, ids) if ids else []
    return [row for row in rows if row.id not in work.outcomes and row.id not in ids] + missing


async def _owners(
    api: HubSpotApi, work: Work, rows: Sequence[Delivery], failure: CallFailedError
) -> list[tuple[Delivery, Mapping[str, Any]]]:
    found = by_property(await _read(api, work, [email_of(row) for row in rows], "email"), "email")
    owners = [(row, found[email_of(row)]) for row in rows if email_of(row) in found]
    if owners or len(rows) > 1 or not isinstance(failure.answer, Response):
        return owners
    named = existing_id(failure.answer.body)  # e.g. ours is a secondary address over there
    items = await _read(api, work, [named], None) if named else ()
    return [(rows[0], item) for item in items[:1]]


async def _read(
    api: HubSpotApi, work: Work, values: Sequence[str], id_property: str | None
) -> tuple[Mapping[str, Any], ...]:
    extra: dict[str, Any] = {"properties": ["email", _ID]}
    if id_property:
        extra["idProperty"] = id_property
    wanted = [{"id": value} for value in dict.fromkeys(values) if value]
    if not wanted:
        return ()
    return (await api.batch(work, _KIND, "read", wanted, **extra)).list("results")


async def read_back(api: HubSpotApi, work: Work) -> None:
    """Delivered when the contact holds what was sent, else to be sent again."""
    names = sorted({name for row in work.batch for name in _properties(row)})
    wanted = [{"id": row.entity_key} for row in work.batch]
    answer = await api.batch(work, _KIND, "read", wanted, idProperty=_ID, properties=names)
    found = by_property(answer.list("results"), _ID)
    for row in work.batch:
        item = found.get(row.entity_key)
        if item and _holds(properties_of(item), _properties(row)):
            work.delivered(row, str(item["id"]), answer.status)
        else:
            work.set(row, Outcome(Kind.RETRYABLE, catalogue.WENT_MISSING, "It did not arrive."))


def _holds(there: Mapping[str, Any], ours: Mapping[str, str]) -> bool:
    return all(
        fold(str(there.get(name))) == fold(value)
        if name == "email"
        else str(there.get(name)) == value
        for name, value in ours.items()
    )


def _properties(row: Delivery) -> dict[str, str]:
    return {**row.body["properties"], _ID: row.entity_key}


def permanent(error: Mapping[str, Any], status: int) -> Outcome:
    """An item's own error."""
    return Outcome(Kind.PERMANENT, category(error), message_of(error), status)
