"""Contacts: keyed objects whose e-mail addresses HubSpot keeps unique besides.

So an upsert can collide with a contact that somebody else created. Then the contact that has the
address is adopted, unless it belongs to another person of ours who is still wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reverse_etl.connectors.base import Work
from reverse_etl.connectors.http import Response
from reverse_etl.connectors.hubspot import keyed
from reverse_etl.connectors.hubspot.api import (
    HubSpotApi,
    by_property,
    existing_id,
    fold,
    properties_of,
)
from reverse_etl.connectors.hubspot.keyed import CONFLICT, Keyed
from reverse_etl.errors import CallFailedError
from reverse_etl.model import Delivery, Kind, Outcome

CONTACTS: Final = Keyed("contacts", "millrace_id")
_TAKEN: Final = "CONTACT_EMAIL_TAKEN"
_KEPT: Final = "CONTACT_EMAIL_KEPT"


async def upsert(api: HubSpotApi, work: Work) -> None:
    """Give every delivery an outcome, or raise CallFailedError for those still open."""
    known = keyed.known_ids(work)
    missing = await _update(api, work, work.open, known) if known else []
    fresh = [row for row in work.open if row.id not in known or row in missing]
    for group in distinct_emails(fresh):
        await _upsert_group(api, work, group)


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
    """Update by id; returns the rows whose contact does not exist (any more).

    Where another contact has the address, all but the address is updated. It happens when two
    people whom HubSpot holds as two contacts turn out to be one.
    """
    left = await keyed.update(api, work, CONTACTS, rows, ids)
    for row, refusal in left.conflicting:
        if "email" in CONTACTS.properties(row):
            await _keep_address(api, work, row, ids[row.id])
        else:
            work.set(row, refusal)
    return left.missing


async def _keep_address(api: HubSpotApi, work: Work, row: Delivery, vendor_id: str) -> None:
    kept = {name: value for name, value in CONTACTS.properties(row).items() if name != "email"}
    inputs = [{"id": vendor_id, "properties": kept, "objectWriteTraceId": str(row.id)}]
    try:
        answer = await api.batch(work, CONTACTS.kind, "update", inputs)
    except CallFailedError as failure:
        work.fail(failure, [row])
        return
    text = "HubSpot has another contact with this address; this one keeps the address it had."
    work.set(row, Outcome(Kind.DELIVERED, _KEPT, text, answer.status, vendor_id=vendor_id))


async def _upsert_group(api: HubSpotApi, work: Work, rows: Sequence[Delivery]) -> None:
    try:
        await keyed.upsert_by_key(api, work, CONTACTS, rows)
    except CallFailedError as failure:
        if failure.outcome.status != CONFLICT:
            work.fail(failure, rows)
            return
        rest = await _adopt(api, work, rows, failure)
        if not rest:
            return
        if len(rest) == len(rows):  # nobody was found to be in the way: bisect down to who is
            work.fail(failure, rest)
            return
        try:
            await keyed.upsert_by_key(api, work, CONTACTS, rest)
        except CallFailedError as again:
            work.fail(again, rest)


async def _adopt(
    api: HubSpotApi, work: Work, rows: Sequence[Delivery], failure: CallFailedError
) -> list[Delivery]:
    """Update contacts that have our addresses already; returns the rows that collide with none."""
    owners = await _owners(api, work, rows, failure)
    claims = {row.id: str(properties_of(item).get(CONTACTS.key) or "") for row, item in owners}
    alive = await work.context.alive(sorted({claim for claim in claims.values() if claim}))
    alive |= {row.entity_key for row in work.batch}
    ids = {}
    for row, item in owners:
        if claims[row.id] != row.entity_key and claims[row.id] in alive:
            text = "Another person of ours has the HubSpot contact with this e-mail."
            work.set(row, Outcome(Kind.PERMANENT, _TAKEN, text, CONFLICT))
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
    extra: dict[str, Any] = {"properties": ["email", CONTACTS.key]}
    if id_property:
        extra["idProperty"] = id_property
    wanted = [{"id": value} for value in dict.fromkeys(values) if value]
    if not wanted:
        return ()
    return (await api.batch(work, CONTACTS.kind, "read", wanted, **extra)).list("results")
